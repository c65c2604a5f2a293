import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AedesOptions } from "aedes";
import { describe, expect, test } from "vitest";
import { fittingStream, type TriedStream } from "../../agent/camera/try-stream.ts";
import { sabrewing } from "../support/agent/sabrewing.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { hasRtspServer, startRtspCamera } from "../support/camera/rtsp-camera.ts";
import { makeTestClip } from "../support/camera/test-clip.ts";
import { fakeModule } from "../support/detectors/fake-modules.ts";
import { freePort, startAedes } from "../support/mqtt/brokers.ts";

describe.skipIf(!hasRtspServer())("init with flags", () => {
  const timeout = 180_000;
  test("chooses the most suitable stream of a camera, and check accepts the written configuration", {
    timeout,
  }, async () => {
    await using stack = new AsyncDisposableStack();
    const { path: folder } = stack.use(await temporaryFolder());
    const broker = stack.adopt(await startAedes(), (started) => started.kill());
    const login = { user: "user", password: "p@ss word" };
    const [large, fitting, small] = await Promise.all(
      [
        { width: 1600, height: 1200 },
        { width: 640, height: 480 },
        { width: 320, height: 240 },
      ].map(async (size) => {
        const clip = stack.use(makeTestClip({ ...size, seconds: 1 }));
        const camera = stack.use(await startRtspCamera({ clip: clip.file, ...login }));
        return camera.address.replace("://", "://user:p%40ss%20word@");
      }),
    );
    const model = join(folder, "m.wasm");
    writeFileSync(model, fakeModule());
    const file = join(folder, "etc", "sabrewing.yml");
    const flags = [
      "--broker",
      `127.0.0.1:${broker.port}`,
      "--model",
      model,
      "--track",
      "person,car",
      "-o",
      file,
    ];
    const cameras = [`door=${large}`, `door=${small}`, `door=${fitting}`, `yard=${large}`];
    const words = cameras.flatMap((camera) => ["--camera", camera]);

    const { exitCode, stdout, stderr } = await sabrewing(["init", ...flags, ...words, "--json"]);
    expect(stderr.match(/^✓ \w+: \d+×\d+ H\.264, 10 fps$/gm)).toHaveLength(4);
    expect(stderr + stdout).not.toMatch(/p@ss|p%40ss/);
    expect(JSON.parse(stdout)).toEqual({
      config: file,
      secrets: join(folder, "etc", "secrets.env"),
      cameras: [
        { name: "door", size: { width: 640, height: 480 } },
        { name: "yard", size: { width: 1600, height: 1200 } },
      ],
    });
    expect(exitCode).toBe(0);
    const yaml = readFileSync(file, "utf8");
    expect(yaml).toContain("{DOOR_PASSWORD}");
    expect(yaml).toMatch(/width: 1280\n {6}height: 960/);
    expect(yaml).not.toMatch(/p@ss|p%40ss/);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(statSync(join(folder, "etc", "secrets.env")).mode & 0o777).toBe(0o600);

    const check = await sabrewing(["check", "-c", file]);
    expect(
      check.stdout
        .split("\n")
        .filter((line) => !line.startsWith("  "))
        .map((line) => line.slice(0, 18).trimEnd()),
    ).toEqual([
      "✓ configuration",
      "✓ ffmpeg",
      "✓ camera door",
      "✓ camera yard",
      "✓ broker",
      "✓ model",
      "✓ state",
      "",
      "Everything works,",
      "",
    ]);
  });
});

describe("init", () => {
  test("names another folder if only the file of secrets is in the way", async () => {
    await using folder = await temporaryFolder();
    writeFileSync(join(folder.path, "secrets.env"), "MINE=1\n");
    const file = join(folder.path, "other.yml");
    const refused = await sabrewing([
      "init",
      "--broker",
      "b",
      "--camera",
      "door=rtsp://a/1",
      "--no-probe",
      "-o",
      file,
    ]);
    expect(refused.exitCode).toBe(78);
    expect(refused.stderr).toContain("Choose another folder with --output");
  });

  test("does not overwrite files without --force, and narrows their permissions with it", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "sabrewing.yml");
    writeFileSync(file, "mine", { mode: 0o644 });
    const words = ["init", "--broker", "b", "--camera", "door=rtsp://a/1", "--no-probe", "-o", file];
    const refused = await sabrewing(words);
    expect(refused.exitCode).toBe(78);
    expect(refused.stderr).toContain("already exists");
    expect(readFileSync(file, "utf8")).toBe("mine");
    const forced = await sabrewing([...words, "--force"]);
    expect(forced.exitCode).toBe(0);
    expect(forced.stdout).toContain(`sabrewing check -c ${file}`);
    expect(readFileSync(file, "utf8")).toContain("mqtt:");
    expect(statSync(file).mode & 0o777).toBe(0o640);
  });

  test("replaces the unchanged configuration from the package", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "sabrewing.yml");
    const starter = readFileSync(new URL("../../config/starter.yml", import.meta.url), "utf8");
    const words = ["init", "--broker", "b", "--camera", "door=rtsp://a/1", "--no-probe", "-o", file];
    writeFileSync(file, starter.replace("host:", "host: mine"));
    expect((await sabrewing(words)).exitCode).toBe(78);
    writeFileSync(file, starter);
    expect((await sabrewing(words)).exitCode).toBe(0);
    expect(readFileSync(file, "utf8")).toContain('host: "b"');
  });

  test("does not overwrite an existing secrets.env either", async () => {
    await using folder = await temporaryFolder();
    mkdirSync(join(folder.path, "etc"));
    writeFileSync(join(folder.path, "etc", "secrets.env"), "A='1'\n");
    const file = join(folder.path, "etc", "sabrewing.yml");
    const { exitCode } = await sabrewing([
      "init",
      "--broker",
      "b",
      "--camera",
      "d=rtsp://a/1",
      "--no-probe",
      "-o",
      file,
    ]);
    expect(exitCode).toBe(78);
  });

  test("reports a camera that does not answer and keeps its given address", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "sabrewing.yml");
    const address = `rtsp://user:hunter2@127.0.0.1:${await freePort()}/1`;
    const { exitCode, stderr } = await sabrewing([
      "init",
      "--broker",
      "b",
      "--camera",
      `d=${address}`,
      "-o",
      file,
    ]);
    expect(exitCode).toBe(0);
    expect(stderr).toContain("✗ d: the camera cannot be reached");
    expect(stderr).toContain("✗ the broker b:1883 cannot be reached");
    expect(stderr).not.toContain("hunter2");
    expect(readFileSync(file, "utf8")).toContain("not tried yet");
  });

  test("writes nothing if the broker refuses the password, and does not show it", async () => {
    await using stack = new AsyncDisposableStack();
    const { path } = stack.use(await temporaryFolder());
    const authenticate: AedesOptions["authenticate"] = (_client, _user, _password, done) =>
      done(Object.assign(new Error("bad user name or password"), { returnCode: 4 }), false);
    const broker = stack.adopt(await startAedes(0, { authenticate }), (started) => started.kill());
    const file = join(path, "sabrewing.yml");
    const flags = ["--broker", `cam:hunter2@127.0.0.1:${broker.port}`, "--camera", "d=rtsp://127.0.0.1:1/1"];
    const { exitCode, stderr } = await sabrewing(["init", ...flags, "-o", file]);
    expect(exitCode).toBe(78);
    expect(stderr).toContain("wrong user name or password");
    expect(stderr).toContain("--no-probe");
    expect(stderr).not.toContain("hunter2");
    expect(existsSync(file)).toBe(false);
  });

  test("asks no questions without a terminal, but names the missing flag", async () => {
    const { exitCode, stderr } = await sabrewing(["init", "-o", "/nowhere/sabrewing.yml"]);
    expect(exitCode).toBe(64);
    expect(stderr).toContain("--broker is missing");
  });
});

describe("the most suitable stream", () => {
  const stream = (width: number, height: number): TriedStream => ({
    address: `${width}`,
    width,
    height,
    fps: 5,
    codec: "H264",
    areKeysFarApart: false,
  });
  const wanted = { width: 640, height: 384 };
  test.each([
    ["the smallest with enough pixels", [stream(2560, 1440), stream(704, 576), stream(1280, 720)], "704"],
    ["an upright stream by its height", [stream(1080, 1920), stream(360, 640)], "360"],
    ["the largest if none has enough pixels", [stream(320, 240), stream(352, 288)], "352"],
  ])("is %s", (_, streams, expected) => {
    expect(fittingStream(streams, wanted)?.address).toBe(expected);
  });
});
