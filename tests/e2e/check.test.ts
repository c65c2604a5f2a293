import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { manualFile } from "../../agent/program-folder.ts";
import { sabrewing } from "../support/agent/sabrewing.ts";
import { hasRtspServer, type RtspCamera, startRtspCamera } from "../support/camera/rtsp-camera.ts";
import { makeTestClip, type TestClip } from "../support/camera/test-clip.ts";
import { fakeModule } from "../support/detectors/fake-modules.ts";
import { freePort, startAedes, type TestBroker } from "../support/mqtt/brokers.ts";

let folder = "";
let model = "";
let deadPort = 0;
let broker: TestBroker;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sabrewing-check-"));
  model = join(folder, "fake.wasm");
  writeFileSync(model, fakeModule());
  deadPort = await freePort();
  broker = await startAedes(0, {
    authenticate: (_client, user, password, done) => {
      if (user === "cam" && password?.toString() === "right") done(null, true);
      else done(Object.assign(new Error("bad user name or password"), { returnCode: 4 }), false);
    },
  });
});
afterAll(async () => {
  await broker.kill();
  rmSync(folder, { recursive: true });
});

interface Setting {
  readonly brokerPort?: number;
  readonly brokerPassword?: string;
  readonly model?: string;
  readonly track?: string;
  /** Addresses by camera. */
  readonly cameras: Readonly<Record<string, string>>;
  /** Default: software. */
  readonly hardware?: string;
  readonly snapshots?: string;
  /** Further sections. */
  readonly more?: string;
}

function configFile(setting: Setting): string {
  const { brokerPort = broker.port, brokerPassword = "right", track = "person", hardware = "[]" } = setting;
  const cameras = Object.entries(setting.cameras).map(
    ([name, address]) => `  ${name}:
    ffmpeg: {inputs: [{path: "${address}"}], hwaccel_args: ${hardware}}
    detect: {width: 160, height: 120}
    objects: {track: [${track}]}
    snapshots: ${setting.snapshots ?? "{}"}
`,
  );
  const file = join(folder, "sabrewing.yml");
  writeFileSync(
    file,
    `mqtt: {host: 127.0.0.1, port: ${brokerPort}, user: cam, password: ${brokerPassword}}
model: {path: ${setting.model ?? model}}
${setting.more ?? ""}
cameras:
${cameras.join("")}`,
  );
  return file;
}

/** Runs `check --json` and returns the components by name. */
async function check(setting: Setting, own: NodeJS.ProcessEnv = process.env) {
  const env = { SABREWING_HOME: folder, ...own };
  const { exitCode, stdout, stderr } = await sabrewing(["check", "--json", "-c", configFile(setting)], env);
  expect(stderr).toBe("");
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const parts = Object.fromEntries(lines.map(({ part, ...rest }) => [part, rest]));
  return { exitCode, parts };
}

const nowhere = () => `rtsp://user:hunter2@127.0.0.1:${deadPort}/camera`;

test("reports all mistakes of a configuration and exits with 78", async () => {
  const file = join(folder, "bad.yml");
  writeFileSync(file, "mqtt: {host: 1, prot: 1883}\nmodel: {path: m.wasm}\ncameras: {}\n");
  const { exitCode, stdout } = await sabrewing(["check", "-c", file]);
  expect(exitCode).toBe(78);
  expect(stdout).toBe(
    `✗ configuration    3 mistakes in the configuration
  ${file}:1:14: mqtt.host: expected a string, received a number (not shown)
  ${file}:1:17: mqtt.prot: unknown key; did you mean port?
  ${file}:3:10: cameras: expected at least one camera, received an empty mapping
  → Correct these lines. ${manualFile()} explains every key.

The agent cannot start: correct the configuration first.
`,
  );
});

test("exits with 75 if an unreachable camera is the only failure", async () => {
  const { exitCode, parts } = await check({ cameras: { door: nowhere() } });
  expect(exitCode).toBe(75);
  expect(parts).toMatchObject({
    configuration: { ok: true },
    ffmpeg: { ok: true },
    "camera door": { ok: false, message: expect.stringContaining("cannot be reached") },
    broker: { ok: true },
    model: { ok: true, message: expect.stringMatching(/licence \S+, 3 labels/) },
  });
});

test("reports a missing ffmpeg once, with the command that installs it", async () => {
  const { exitCode, parts } = await check({ cameras: { door: nowhere() } }, { ...process.env, PATH: folder });
  expect(exitCode).toBe(78);
  expect(parts.ffmpeg).toMatchObject({ ok: false, remedy: "Install it: apt install ffmpeg" });
  expect(parts["camera door"].message).toBe("not tried: it needs ffmpeg");
});

test("exits with 78 if the broker refuses the password", async () => {
  const { exitCode, parts } = await check({ brokerPassword: "wr0ng", cameras: { door: nowhere() } });
  expect(exitCode).toBe(78);
  expect(parts.broker.message).toContain("wrong user name or password");
  expect(JSON.stringify(parts)).not.toMatch(/wr0ng|hunter2/);
});

test("names a missing model", async () => {
  const { exitCode, parts } = await check({ model: "/nowhere/m.wasm", cameras: { door: nowhere() } });
  expect(exitCode).toBe(78);
  expect(parts.model.message).toContain("/nowhere/m.wasm");
});

test("refuses a label that the model does not know", async () => {
  const { parts } = await check({ track: "unicorn", cameras: { door: nowhere() } });
  expect(parts.model).toMatchObject({ ok: false, message: expect.stringContaining('"unicorn"') });
});

/** PATH with a fake systemctl that reports the shipped unit with one allowed port. */
function pathWithUnit(allowedPort: number): string {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  const shown = `SocketBindAllow=tcp:${allowedPort}\nSocketBindDeny=any`;
  writeFileSync(join(bin, "systemctl"), `#!/bin/sh\necho "${shown}"\n`, { mode: 0o755 });
  return `${bin}:${process.env.PATH}`;
}

test("tries the ports of metrics and view, and shows the drop-in for a port that the unit does not allow", async () => {
  const [metrics, view] = [await freePort(), await freePort()];
  const more = `metrics: {enabled: true, port: ${metrics}}
view: {enabled: true, port: ${view}, token: 0123456789abcdef}`;
  const setting = { cameras: { door: nowhere() }, more };
  const { parts, exitCode } = await check(setting, { ...process.env, PATH: pathWithUnit(metrics) });
  expect(parts.metrics).toEqual({ ok: true, message: `127.0.0.1:${metrics} is free` });
  expect(parts.view).toEqual({
    ok: false,
    message: `the systemd unit does not allow the agent to use port ${view}`,
    remedy: expect.stringContaining(`SocketBindAllow=tcp:${view}`),
  });
  expect(exitCode).toBe(78);
});

test("tries the folders of state and snapshots, which are relative to the file", async () => {
  writeFileSync(join(folder, "afile"), "");
  const more = "state_dir: afile/state";
  const snapshots = "{enabled: true, directory: afile}";
  const { parts, exitCode } = await check({ cameras: { door: nowhere() }, more, snapshots });
  expect(parts.state).toMatchObject({
    ok: false,
    message: `the agent cannot write to ${folder}/afile/state: ${folder}/afile is not a folder (ENOTDIR)`,
    remedy: "Set state_dir to a folder, or move that file away.",
  });
  expect(parts["snapshots door"]).toMatchObject({
    ok: false,
    remedy: expect.stringContaining("cameras.door.snapshots.directory"),
  });
  expect(exitCode).toBe(78);
});

test("finds the model beside the file from any working directory", async () => {
  const { parts } = await check({ cameras: { door: nowhere() }, model: "fake.wasm" });
  expect(parts.model).toMatchObject({ ok: true, speed: { instances: 1, requested_fps: 5 } });
});

test("refuses the same port for metrics and view", async () => {
  const more = `metrics: {enabled: true, port: 5080}
view: {enabled: true, token: 0123456789abcdef}`;
  const { parts } = await check({ cameras: { door: nowhere() }, more });
  expect(parts.configuration.message).toContain("view.port: metrics uses the same port");
});

describe.skipIf(!hasRtspServer())("with a real camera", () => {
  let clip: TestClip;
  let camera: RtspCamera;
  beforeAll(async () => {
    clip = makeTestClip();
    camera = await startRtspCamera({ clip: clip.file, user: "user", password: "secret" });
  });
  afterAll(async () => {
    await camera[Symbol.asyncDispose]();
    clip[Symbol.dispose]();
  });
  const as = (password: string) => camera.address.replace("rtsp://", `rtsp://user:${password}@`);

  test("says that the hardware decoder fails, and why", async () => {
    const { parts } = await check({ cameras: { door: as("secret") }, hardware: "[-c:v, no_such_decoder]" });
    expect(parts["camera door"]).toMatchObject({
      ok: true,
      advice: expect.arrayContaining([
        expect.objectContaining({
          message: expect.stringMatching(/^the hardware decoder fails \(.*no_such_decoder.*\)/),
        }),
      ]),
    });
  });

  test("ticks every component and exits with 0 if everything works", async () => {
    const { exitCode, stdout } = await sabrewing([
      "check",
      "-c",
      configFile({ cameras: { door: as("secret") } }),
    ]);
    expect(
      stdout
        .split("\n")
        .filter((line) => !line.startsWith("  "))
        .map((line) => line.slice(0, 18).trimEnd()),
    ).toEqual([
      "✓ configuration",
      "✓ ffmpeg",
      "✓ camera door",
      "✓ broker",
      "✓ model",
      "✓ state",
      "",
      "Everything works,",
      "",
    ]);
    expect(exitCode).toBe(0);
  });

  test("prints what it learnt of the camera, and gives scripts the same as fields", async () => {
    const { parts } = await check({ cameras: { door: as("secret") } });
    expect(parts["camera door"]).toEqual({
      ok: true,
      message: "320×240 H.264 over TCP, 10 frames per second, a key frame every 1 s, no audio",
      stream: {
        codec: "H264",
        width: 320,
        height: 240,
        fps: 10,
        key_frame_seconds: 1,
        transport: "tcp",
        video_track: 1,
        video_tracks: 1,
        audio: [],
        login: "basic",
        first_frame_seconds: expect.any(Number),
        idle: "keyframes",
        idle_reason: "close",
      },
      advice: [
        {
          message: "the camera receives the password unencrypted (Basic without TLS)",
          remedy: expect.stringContaining("Digest"),
        },
      ],
    });
  });

  test("distinguishes a wrong camera password from an unreachable camera", async () => {
    const { exitCode, parts } = await check({ cameras: { door: as("hunter2"), yard: nowhere() } });
    expect(exitCode).toBe(78);
    expect(parts["camera door"].message).toContain("refuses this user name or password");
    expect(parts["camera yard"].message).toContain("cannot be reached");
    expect(JSON.stringify(parts)).not.toContain("hunter2");
  });
});
