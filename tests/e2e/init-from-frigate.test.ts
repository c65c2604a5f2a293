import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sabrewing } from "../support/agent/sabrewing.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { hasRtspServer, startRtspCamera } from "../support/camera/rtsp-camera.ts";
import { makeTestClip } from "../support/camera/test-clip.ts";
import { fakeModule } from "../support/detectors/fake-modules.ts";
import { startAedes } from "../support/mqtt/brokers.ts";

/** A configuration as users of Frigate have it. @param camera address of the stream, with login */
function frigate(camera: string, brokerPort: number): string {
  return `
version: 0.17-0
mqtt: {host: 127.0.0.1, port: ${brokerPort}}
detectors: {coral: {type: edgetpu, device: usb}}
ffmpeg: {hwaccel_args: auto}
detect: {enabled: true, fps: 5}
objects: {track: [person, car, package], filters: {person: {min_area: 500, threshold: 0.8}}}
snapshots: {enabled: true}
record: {enabled: true, retain: {days: 3}}
go2rtc:
  streams:
    front: ["${camera}", "ffmpeg:front#audio=opus"]
cameras:
  front:
    ffmpeg:
      inputs:
        - {path: "rtsp://127.0.0.1:8554/front", input_args: preset-rtsp-restream, roles: [record, detect]}
    zones: {porch: {coordinates: "0,0,320,0,320,240,0,240", objects: person}}
    motion: {mask: ["0,0,64,0,64,24,0,24"]}
    review: {alerts: {required_zones: [porch]}}
  back:
    enabled: false
    ffmpeg: {inputs: [{path: "rtsp://user:{FRIGATE_RTSP_PASSWORD}@127.0.0.1:1/1", roles: [detect]}]}
`;
}

describe.skipIf(!hasRtspServer())("init --from", () => {
  test("writes a configuration that check accepts without a change", { timeout: 180_000 }, async () => {
    await using stack = new AsyncDisposableStack();
    const { path: folder } = stack.use(await temporaryFolder());
    const broker = stack.adopt(await startAedes(), (started) => started.kill());
    const clip = stack.use(makeTestClip({ width: 640, height: 480, seconds: 1 }));
    const login = { user: "user", password: "p@ss word" };
    const camera = stack.use(await startRtspCamera({ clip: clip.file, ...login }));
    const address = camera.address.replace("://", "://user:p%40ss%20word@");
    const model = join(folder, "m.wasm");
    writeFileSync(model, fakeModule());
    const source = join(folder, "frigate.yml");
    writeFileSync(source, frigate(address, broker.port));
    const file = join(folder, "etc", "sabrewing.yml");

    const { exitCode, stdout, stderr } = await sabrewing([
      "init",
      "--from",
      source,
      "--model",
      model,
      "-o",
      file,
    ]);
    expect(stderr).toBe(
      "trying front: its zones or masks are in pixels, so the size of its frames is needed…\n",
    );
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/cameras\.front\.ffmpeg\.inputs: the stream is read from the camera/);
    expect(stdout).toMatch(/Not carried over:.* record: Sabrewing records no video\n/s);
    expect(stdout).toMatch(/To do:\n {2}SABREWING_RTSP_PASSWORD: enter the value/);
    const yaml = readFileSync(file, "utf8");
    expect(yaml).toContain('coordinates: "0,0,0.5,0,0.5,0.5,0,0.5"');
    expect(yaml + stdout).not.toMatch(/p@ss|p%40ss/);
    expect(readFileSync(join(folder, "etc", "secrets.env"), "utf8")).toBe(
      "FRONT_PASSWORD='p@ss word'\nSABREWING_RTSP_PASSWORD=''\n",
    );

    const check = await sabrewing(["check", "-c", file]);
    expect(check.stdout).not.toContain("✗");
    expect(check.stdout).toMatch(/✓ camera front/);
    expect(check.exitCode).toBe(0);
  });
});

describe("init --from", () => {
  test("prints its result and every difference as JSON", async () => {
    await using folder = await temporaryFolder();
    const source = join(folder.path, "frigate.yml");
    writeFileSync(source, frigate("rtsp://127.0.0.1:1/1", 1883));
    const file = join(folder.path, "sabrewing.yml");
    const { stdout } = await sabrewing(["init", "--from", source, "-o", file, "--no-probe", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      config: file,
      secrets: join(folder.path, "secrets.env"),
      cameras: [{ name: "front" }, { name: "back" }],
      remarks: expect.arrayContaining([
        { kind: "todo", key: "SABREWING_RTSP_PASSWORD", text: expect.stringContaining("enter the value") },
        { kind: "dropped", key: "record", text: "Sabrewing records no video" },
      ]),
    });
  });

  test.each([
    ["mqtt: {host: a", 78, /not valid YAML/],
    ["[]", 78, /expected a configuration of Frigate/],
    [
      "cameras: {a: {ffmpeg: {inputs: [{path: /dev/video0}]}}}",
      78,
      /can read none of the cameras: .*not RTSP/,
    ],
  ])("refuses %s and writes nothing", async (text, code, message) => {
    await using folder = await temporaryFolder();
    const source = join(folder.path, "frigate.yml");
    writeFileSync(source, text);
    const file = join(folder.path, "sabrewing.yml");
    const { exitCode, stderr } = await sabrewing(["init", "--from", source, "-o", file]);
    expect(exitCode).toBe(code);
    expect(stderr).toMatch(message);
    expect(() => readFileSync(file)).toThrow("ENOENT");
  });

  test("takes no cameras from the command line", async () => {
    const { exitCode, stderr } = await sabrewing([
      "init",
      "--from",
      "f.yml",
      "--camera",
      "a=rtsp://b/1",
      "-o",
      "/tmp/none/x",
    ]);
    expect(exitCode).toBe(64);
    expect(stderr).toContain("--from takes the cameras from Frigate's configuration");
  });
});
