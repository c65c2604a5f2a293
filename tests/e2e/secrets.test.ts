/** No output of the agent contains a password, in success or failure, and the agent opens no port. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AedesOptions } from "aedes";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { MAIN, sabrewing } from "../support/agent/sabrewing.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { hasRtspServer, startRtspCamera } from "../support/camera/rtsp-camera.ts";
import { makeTestClip } from "../support/camera/test-clip.ts";
import { fakeModule, writeModuleFile } from "../support/detectors/fake-modules.ts";
import { freePort, type Heard, listen, startAedes } from "../support/mqtt/brokers.ts";
import { family, listeningPorts } from "../support/network/listening-ports.ts";
import { waitUntil } from "../support/time/wait-until.ts";

const PASSWORDS = {
  DOOR_PASSWORD: "d00r:s3cr@t/#?",
  YARD_PASSWORD: "ya'rd s3cret",
  GATE_PASSWORD: "g4te%40s3cret",
  SABREWING_MQTT_PASSWORD: "br0ker:s3cr@t",
} as const;

/** All encodings of the passwords: plain, as in an address, as in an HTTP or RTSP header. */
const spellings = Object.values(PASSWORDS).flatMap((password) => [
  password,
  encodeURIComponent(password),
  encodeURI(password),
  Buffer.from(`cam:${password}`).toString("base64"),
  Buffer.from(password).toString("base64"),
]);

/** The passwords that a text contains. */
const found = (text: string): string[] => spellings.filter((spelling) => text.includes(spelling));

test.skipIf(!hasRtspServer())(
  "keeps passwords out of log, messages, status, files and command lines, and opens no port",
  { timeout: 120_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    using clip = makeTestClip({ seconds: 2 });
    const folder = stack.use(await temporaryFolder());
    const camera = stack.use(
      await startRtspCamera({ clip: clip.file, user: "cam", password: PASSWORDS.DOOR_PASSWORD }),
    );
    let letsIn = true;
    const admit: AedesOptions = {
      authenticate(_client, _user, _password, done) {
        if (letsIn) done(null, true);
        else done(Object.assign(new Error("not let in"), { returnCode: 4 as const }), false);
      },
    };
    const first = await startAedes(0, admit);
    const listener = stack.adopt(await listen(first.port), ({ stop }) => stop());
    const unused = await freePort();
    const config = join(folder.path, "sabrewing.yml");
    const inputs = (address: string) => ({ ffmpeg: { inputs: [{ path: address }], retry_interval: 1 } });
    const { port } = camera;
    writeFileSync(
      config,
      stringify({
        mqtt: {
          host: "127.0.0.1",
          port: first.port,
          user: "cam",
          password: "{SABREWING_MQTT_PASSWORD}",
          stats_interval: 1,
        },
        model: { path: writeModuleFile(fakeModule()) },
        detector: { runtime: "v8" },
        state_dir: join(folder.path, "state"),
        cameras: {
          door: inputs(`rtsp://cam:{DOOR_PASSWORD}@127.0.0.1:${port}/camera`),
          // A wrong password, and a missing camera.
          yard: inputs(`rtsp://cam:{YARD_PASSWORD}@127.0.0.1:${port}/camera`),
          gate: inputs(`rtsp://cam:{GATE_PASSWORD}@127.0.0.1:${unused}/camera?password={GATE_PASSWORD}`),
        },
      }),
    );
    const env = { ...process.env, ...PASSWORDS };

    const agent = start(config, env, folder.path);
    stack.defer(() => agent.end());
    const pid = agent.process.pid ?? 0;
    await waitUntil("the door's camera is on", () => agent.output().includes("camera is on"));
    await waitUntil("a wrong password is reported", () => /yard: .*refuses/.test(agent.output()));
    await waitUntil("a missing camera is reported", () => /gate: .*reached/.test(agent.output()));
    await waitUntil("statistics are published", () => topics(listener.heard).includes("sabrewing/stats"));
    const commandLines = family(pid).map(commandLine).join("\n");
    expect(commandLines).toContain("ffmpeg");
    expect(found(commandLines)).toEqual([]);
    expect(listeningPorts(pid)).toEqual([]);

    // The broker goes down. When it comes back, it refuses the password.
    await first.kill();
    await waitUntil("the lost connection is logged", () => agent.output().includes("is lost"));
    letsIn = false;
    const second = stack.adopt(await startAedes(first.port, admit), (broker) => broker.kill());
    await waitUntil("the refusal is logged", () => agent.output().includes("wrong user name or password"));
    letsIn = true;
    await waitUntil("it is back", () => agent.output().includes("is back"));
    expect(second.port).toBe(first.port);
    await agent.end();

    expect(found(agent.output())).toEqual([]);
    expect(listener.heard.length).toBeGreaterThan(5);
    expect(found(listener.heard.map(({ topic, payload }) => `${topic} ${payload}`).join("\n"))).toEqual([]);
    for (const file of readdirSync(join(folder.path, "state"))) {
      expect(found(readFileSync(join(folder.path, "state", file), "latin1"))).toEqual([]);
    }

    const checks = await Promise.all([
      sabrewing(["check", "-c", config], env),
      sabrewing(["check", "--json", "-c", config], env),
    ]);
    for (const { stdout, stderr } of checks) {
      expect(stdout).toMatch(/yard/);
      expect(found(stdout + stderr)).toEqual([]);
    }
  },
);

test("reports mistakes of a configuration without its passwords", async () => {
  await using folder = await temporaryFolder();
  const config = join(folder.path, "sabrewing.yml");
  writeFileSync(
    config,
    `mqtt: {host: [], pasword: "${PASSWORDS.SABREWING_MQTT_PASSWORD}", password: 4711, tls_client_key: "x"}
model: {path: m.wasm}
cameras:
  door:
    ffmpeg: {inputs: [{path: "http://cam:${PASSWORDS.DOOR_PASSWORD}@10.0.0.7/"}]}
  yard:
    ffmpeg: {inputs: [{path: "rtsp://cam:${PASSWORDS.YARD_PASSWORD}@10.0.0.8/"}], rtsp: "{GATE_PASSWORD}"}
`,
  );
  for (const command of [["check"], ["check", "--json"], ["run"]]) {
    const { stdout, stderr, exitCode } = await sabrewing([...command, "-c", config], {
      ...process.env,
      ...PASSWORDS,
    });
    expect(exitCode).toBe(78);
    expect(stdout + stderr).toMatch(/pasword/);
    expect(found(stdout + stderr)).toEqual([]);
    expect(stdout + stderr).not.toContain("4711");
  }
});

interface Agent {
  readonly process: ChildProcess;
  output(): string;
  end(): Promise<void>;
}

function start(config: string, env: NodeJS.ProcessEnv, cwd: string): Agent {
  const child = spawn(process.execPath, [MAIN, "run", "-c", config], {
    env,
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (part: Buffer) => {
      text += part.toString();
    });
  }
  const closed = once(child, "close");
  return {
    process: child,
    output: () => text,
    async end() {
      child.kill("SIGTERM");
      await closed;
    },
  };
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

function topics(heard: readonly Heard[]): string[] {
  return heard.map(({ topic }) => topic);
}
