import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { sqliteStore } from "../../agent/state/sqlite-store.ts";
import { compileFile } from "../../detectors/compiler/compile-file.ts";
import { startChild } from "../../scripts/demonstration/child.ts";
import { MAIN, sabrewing } from "../support/agent/sabrewing.ts";
import { findModel } from "../support/base/materials.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { fakeModule } from "../support/detectors/fake-modules.ts";
import { waitUntil } from "../support/time/wait-until.ts";

const weights = findModel("yolov5n.pt") ?? findModel("yolov5n.onnx");

describe("sabrewing", () => {
  test("prints its version and help and exits with 0", async () => {
    expect(await sabrewing(["--version"])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    const help = await sabrewing(["--help"]);
    expect(help.exitCode).toBe(0);
    for (const command of ["run", "check", "detect", "compile", "inspect", "infer", "pull", "replay"]) {
      expect(help.stdout).toMatch(new RegExp(`^  ${command} `, "m"));
    }
  });

  test("exits with 0 when the reader closes the pipe, as in `sabrewing pull | head`", async () => {
    const child = spawn(process.execPath, [MAIN, "pull", "--json"], { stdio: ["ignore", "pipe", "pipe"] });
    // Closed before the first byte arrives.
    child.stdout.destroy();
    const [said, [exitCode]] = await Promise.all([text(child.stderr), once(child, "exit")]);
    expect({ exitCode, said }).toEqual({ exitCode: 0, said: "" });
  });

  test.each([
    { words: ["bogus"], says: /unknown command 'bogus'\n\(`sabrewing --help` lists the commands\)/ },
    { words: ["chekc"], says: /unknown command 'chekc'\n\(Did you mean check\?\)/ },
    { words: ["replay"], says: /missing required argument 'clip'[\s\S]*`sabrewing replay --help`/ },
    { words: ["run", "--fast"], says: /unknown option '--fast'[\s\S]*`sabrewing run --help`/ },
    { words: ["detect", "-lead.mp4"], says: /unknown option '-lead.mp4'[\s\S]*write \.\/-lead\.mp4\)/ },
    { words: ["replay", "-lead.mp4"], says: /write \.\/-lead\.mp4\)/ },
    { words: ["infer", "m.wasm", "-in.png"], says: /write \.\/-in\.png\)/ },
    { words: ["compile", "-m.onnx", "-o", "m.wasm"], says: /write \.\/-m\.onnx\)/ },
    { words: ["inspect", "-m.wasm"], says: /write \.\/-m\.wasm\)/ },
    { words: ["check", "--jsn"], says: /Did you mean --json\?[\s\S]*`sabrewing check --help`/ },
    {
      words: ["pull", "yolov5"],
      says: /unknown model "yolov5"; did you mean yolov5n\?[\s\S]*`sabrewing pull --help`/,
    },
    { words: [], says: /Usage: sabrewing/ },
  ])("exits with 64 for the arguments $words", async ({ words, says }) => {
    const { exitCode, stderr } = await sabrewing(words);
    expect(stderr).toMatch(says);
    expect(exitCode).toBe(64);
  });

  const MISTYPED = "rtsp:/admin:SECRETX1@cam/x";
  test.each([
    { words: [MISTYPED] },
    { words: ["inspect", MISTYPED] },
    { words: ["detect", MISTYPED] },
    { words: ["compile", MISTYPED, "--output", "/dev/null"] },
    { words: ["check", "--config", MISTYPED] },
    { words: ["run", `--config=${MISTYPED}`] },
  ])("shows no login of a mistyped address: $words", async ({ words }) => {
    const { stdout, stderr } = await sabrewing(words);
    expect(stdout + stderr).toContain("***@cam/x");
    expect(stdout + stderr).not.toContain("SECRETX1");
  });

  test("exits with 78 and a remedy if the configuration is missing", async () => {
    const { exitCode, stderr } = await sabrewing(["run", "-c", "/nowhere/sabrewing.yml"]);
    expect(stderr).toMatch(
      /^sabrewing: cannot read the configuration \/nowhere\/sabrewing\.yml.*\n {2}→ .*\n$/,
    );
    expect(exitCode).toBe(78);
  });

  test("exits with 78 if the model is missing", async () => {
    await using folder = await temporaryFolder();
    const { exitCode, stderr } = await runWith(folder.path, join(folder.path, "none.wasm"), "person");
    expect(stderr).toMatch(/none\.wasm[\s\S]*→ /);
    expect(exitCode).toBe(78);
  });

  test("exits with 78 if another agent keeps its events in the same folder", async () => {
    await using folder = await temporaryFolder();
    const other = await sqliteStore(folder.path).open();
    const { exitCode, stderr } = await runWith(folder.path, join(folder.path, "none.wasm"), "person");
    await other.close();
    expect(stderr).toMatch(/another agent stores its events in the same folder[\s\S]*→ .*state_dir/);
    expect(exitCode).toBe(78);
  });

  test("ends soon after SIGTERM although a thread is blocked in a system call", async () => {
    await using folder = await temporaryFolder();
    // Opening the FIFO blocks a thread forever, because it has no writer.
    const fifo = join(folder.path, "ca.pem");
    execFileSync("mkfifo", [fifo]);
    const model = join(folder.path, "fake.wasm");
    writeFileSync(model, fakeModule());
    const config = writeConfig(folder.path, { model, label: "person", tls: fifo });
    const agent = startChild("the agent", [process.execPath, MAIN, "run", "-c", config]);
    const lines = () => agent.lastLines().join("\n");
    await waitUntil("the agent is ready", () => lines().includes('"msg":"ready"'), 60_000);
    process.kill(agent.pid ?? 0, "SIGTERM");
    // The agent kills itself; otherwise `stop` would kill it after ten seconds.
    expect(await agent.ended).toBe("signal SIGKILL");
    // Its last line may be read after its end.
    await waitUntil("the reason is logged", () =>
      lines().includes("not stopped within 4.5 s: killing the process"),
    );
  });

  test.skipIf(weights === undefined)(
    "exits with 78 for a label that the model does not know, and lists the labels that it knows",
    async () => {
      await using folder = await temporaryFolder();
      const model = join(folder.path, "small.wasm");
      writeFileSync(model, (await compileFile(weights ?? "", { size: { width: 64, height: 64 } })).bytes);
      const { exitCode, stderr } = await runWith(folder.path, model, "unicorn");
      expect(stderr).toMatch(/camera door tracks "unicorn"[\s\S]*→ .*person, bicycle, car/);
      expect(exitCode).toBe(78);
    },
  );
});

function runWith(folder: string, model: string, label: string) {
  return sabrewing(["run", "-c", writeConfig(folder, { model, label })]);
}

/** @param tls path of the CA certificates for the broker */
function writeConfig(
  folder: string,
  { model, label, tls }: { readonly model: string; readonly label: string; readonly tls?: string },
): string {
  const config = join(folder, "sabrewing.yml");
  const settings = {
    mqtt: { host: "127.0.0.1", port: 1, ...(tls === undefined ? {} : { tls_ca_certs: tls }) },
    model: { path: model },
    cameras: {
      door: { ffmpeg: { inputs: [{ path: "rtsp://127.0.0.1:1/none" }] }, objects: { track: [label] } },
    },
    state_dir: folder,
  };
  writeFileSync(config, stringify(settings));
  return config;
}
