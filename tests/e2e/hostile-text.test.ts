/** Text from file names, cameras, modules and foreign configurations cannot control the terminal and is not a template. */

import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { onvifStreams } from "../../agent/camera/onvif.ts";
import { firstConfig } from "../../agent/commands/init/first-config.ts";
import { squareAndSignal } from "../faults/watching/clips.ts";
import { type CommandResult, sabrewing } from "../support/agent/sabrewing.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { startOnvifCamera } from "../support/camera/onvif-camera.ts";
import { brightAreaModule } from "../support/detectors/bright-area-module.ts";
import { fakeModule } from "../support/detectors/fake-modules.ts";
import { smallYolov5 } from "../support/models/yolov5-onnx.ts";
import { freePort } from "../support/mqtt/brokers.ts";
import { listenOnLoopback } from "../support/network/listen-on-loopback.ts";

const timeout = 120_000;
/** Sets the title, clears the screen, sets colours (C1), reverses the text direction, adds an invisible tag and a fake line. */
const HOSTILE = "\u001b]0;pwn\u0007\u001b[2J\u009b31m\u202e\u{e0041}\n✓ fake";

function expectPlain({ stdout, stderr }: Pick<CommandResult, "stdout" | "stderr">, quoted = "pwn"): void {
  expect(stdout + stderr).toContain(quoted);
  // Our own line breaks are allowed; a name must not begin a new line.
  expect(stdout + stderr).not.toMatch(/[^\P{C}\n]|^✓ fake/mu);
}

/** A camera that answers DESCRIBE with this status line and records the requests. */
async function startRtspTalker(status: string) {
  const requests: string[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (data) => {
      const request = data.toString("latin1");
      requests.push(request);
      const sequence = /^CSeq: .*$/im.exec(request)?.[0] ?? "CSeq: 1";
      const answer = request.startsWith("OPTIONS") ? "200 OK\r\nPublic: OPTIONS, DESCRIBE" : status;
      socket.write(`RTSP/1.0 ${answer}\r\n${sequence}\r\n\r\n`);
    });
  });
  const port = await listenOnLoopback(server);
  return {
    port,
    requests,
    [Symbol.asyncDispose]: () => new Promise<void>((closed) => server.close(() => closed())),
  };
}

test("removes control characters from file names, except in JSON", { timeout }, async () => {
  await using folder = await temporaryFolder();
  const model = join(folder.path, "m.wasm");
  writeFileSync(model, fakeModule({ width: 64, height: 32 }));
  const image = join(folder.path, "image.png");
  await sharp({ create: { width: 64, height: 32, channels: 3, background: "#000" } }).toFile(image);
  const hostile = join(folder.path, `a${HOSTILE}.png`);
  copyFileSync(image, hostile);
  const out = join(folder.path, "out");
  const words = ["detect", hostile, image, "--model", model, "--runtime", "v8"];

  const shown = await sabrewing([...words, "--output", out]);
  expect(shown).toMatchObject({ exitCode: 0 });
  expectPlain(shown);
  for (const name of readdirSync(out)) expect(name).not.toMatch(/\p{C}/u);
  expect(readdirSync(out)).toContain("contact-sheet-01.jpg");

  const json = await sabrewing([...words, "--json"]);
  expectPlain(json);
  expect(JSON.parse(json.stdout.split("\n")[0] ?? "")).toMatchObject({ input: hostile });
});

test("removes control characters from unknown arguments", { timeout }, async () => {
  const cases = [
    ["detect", `--${HOSTILE}`],
    ["detect", `/nowhere/${HOSTILE}.jpg`],
    [HOSTILE],
    ["inspect", `/nowhere/${HOSTILE}.wasm`],
    ["replay", "x.mp4", "--model", `/nowhere/${HOSTILE}.wasm`],
    ["check", "-c", `/nowhere/${HOSTILE}.yml`],
    ["compile", `/nowhere/${HOSTILE}.onnx`, "-o", "/nowhere/x.wasm"],
    ["pull", HOSTILE],
    ["init", "--broker", "b", "--camera", `door=${HOSTILE}`],
  ];
  for (const words of cases) {
    const result = await sabrewing(words);
    expect([64, 78]).toContain(result.exitCode);
    expectPlain(result);
  }
});

test("removes control characters from the description of an accepted or refused module", {
  timeout,
}, async () => {
  await using folder = await temporaryFolder();
  const labels = ["person", "pwn\u202e\u2066\u200b\u{e0041}"];
  for (const description of [
    { labels, name: "pwn\u202egpj.exe" },
    { labels: [HOSTILE] },
    { name: HOSTILE },
  ]) {
    const model = join(folder.path, "m.wasm");
    writeFileSync(model, fakeModule({ description: { ...description } }));
    for (const words of [
      ["inspect", model],
      ["inspect", model, "--json"],
    ]) {
      expectPlain(await sabrewing(words));
    }
  }
});

test("removes control characters from a camera's RTSP answers", { timeout }, async () => {
  await using folder = await temporaryFolder();
  await using camera = await startRtspTalker("404 \u001b]0;pwn\u0007 \u00c2\u009b31m <script>Not Found");
  const address = `rtsp://127.0.0.1:${camera.port}/x`;
  const model = join(folder.path, "m.wasm");
  writeFileSync(model, fakeModule());
  const detected = await sabrewing(["detect", address, "--model", model, "--runtime", "v8"]);
  expect(detected.exitCode).toBe(78);
  expectPlain(detected, "no such stream");

  const config = join(folder.path, "sabrewing.yml");
  const mqtt = { host: "127.0.0.1", port: await freePort() };
  const cameras = { door: { ffmpeg: { inputs: [{ path: address }] } } };
  writeFileSync(config, stringify({ mqtt, model: { path: model }, detector: { runtime: "v8" }, cameras }));
  expectPlain(await sabrewing(["check", "-c", config]), "no such stream");
  expectPlain(await sabrewing(["check", "-c", config, "--json"]), "no such stream");
});

test("refuses an address in which user, password and host are ambiguous before it connects", {
  timeout,
}, async () => {
  await using folder = await temporaryFolder();
  const model = join(folder.path, "m.wasm");
  writeFileSync(model, fakeModule());
  const address = "rtsp://admin:hun/ter2@127.0.0.1/x";
  const config = join(folder.path, "sabrewing.yml");
  const cameras = { door: { ffmpeg: { inputs: [{ path: address }] } } };
  writeFileSync(config, stringify({ mqtt: { host: "127.0.0.1" }, model: { path: model }, cameras }));
  const weights = join(folder.path, "m.onnx");
  writeFileSync(weights, smallYolov5());
  const cases: readonly (readonly [number, readonly string[]])[] = [
    [64, ["detect", address, "--model", model]],
    [
      64,
      ["compile", weights, "-o", join(folder.path, "o.wasm"), "--precision", "i8", "--calibrate", address],
    ],
    [64, ["init", "--broker", "b", "--camera", `door=${address}`, "-o", join(folder.path, "init.yml")]],
    [
      64,
      [
        "init",
        "--broker",
        "cam:hun/ter2@b",
        "--camera",
        "door=rtsp://a/1",
        "-o",
        join(folder.path, "init.yml"),
      ],
    ],
    [78, ["run", "-c", config]],
    [78, ["check", "-c", config]],
    [78, ["replay", "x.mp4", "-c", config]],
  ];
  for (const [expected, words] of cases) {
    const { exitCode, stdout, stderr } = await sabrewing(words);
    expect({ words, exitCode }).toEqual({ words, exitCode: expected });
    expect(stdout + stderr).toContain("/ as %2F");
    expect(stdout + stderr).not.toMatch(/hun|ter2/);
  }
  expect(readdirSync(folder.path)).not.toContain("init.yml");
});

test("uses a label as part of a file name, not as a path", { timeout }, async () => {
  await using folder = await temporaryFolder();
  const label = "a/../../outside";
  const model = join(folder.path, "m.wasm");
  writeFileSync(model, brightAreaModule("exit", { description: { labels: [{ id: 0, name: label }] } }));
  const clip = squareAndSignal(folder.path, { signals: 0 });
  const saved = join(folder.path, "saved", "here");
  const words = ["--model", model, "--runtime", "v8", "--track", label, "--save", saved];
  const { stderr, exitCode } = await sabrewing(["replay", clip.file, ...words]);
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  expect(readdirSync(saved)).toEqual([expect.stringMatching(/^[\d.]+-\w+-a_\.\._\.\._outside\.jpg$/)]);
  expect(readdirSync(join(folder.path, "saved"))).toEqual(["here"]);
});

test("removes control characters from a foreign configuration", { timeout }, async () => {
  await using folder = await temporaryFolder();
  const config = join(folder.path, `a${HOSTILE}.yml`);
  writeFileSync(
    config,
    JSON.stringify({ [HOSTILE]: HOSTILE, detector: { runtime: HOSTILE }, mqtt: HOSTILE }),
  );
  for (const words of [["check"], ["check", "--json"], ["run"]]) {
    const result = await sabrewing([...words, "-c", config]);
    expect(result.exitCode).toBe(78);
    expectPlain(result);
  }
});

test("keeps a placeholder in a camera's ONVIF answer as literal text, all the way back to the camera", {
  timeout,
}, async () => {
  await using folder = await temporaryFolder();
  await using rtsp = await startRtspTalker("404 Not Found");
  const place = `127.0.0.1:${rtsp.port}`;
  await using onvif = await startOnvifCamera({
    uri: (token) =>
      `rtsp://${place}/{SABREWING_MQTT_PASSWORD}/${token}?x={SABREWING_MQTT_PASSWORD}"\n# {HOME}`,
  });
  const login = { user: "admin", password: "p@ss/'\"$word" };
  const service = `${onvif.url}/onvif/device_service`;
  const [address = ""] = await onvifStreams({ id: "urn:1", name: "Door", service }, login);
  const model = join(folder.path, "m.wasm");
  writeFileSync(model, fakeModule());
  const files = firstConfig({
    broker: { host: "127.0.0.1", port: await freePort(), tls: false, user: "cam", password: "br0ker-s3cret" },
    model,
    track: ["person"],
    homeAssistant: false,
    snapshots: false,
    viewToken: undefined,
    cameras: [{ name: "door", address }],
  });
  writeFileSync(join(folder.path, "sabrewing.yml"), files.yaml);
  writeFileSync(join(folder.path, "secrets.env"), files.secrets);
  expect(readFileSync(join(folder.path, "sabrewing.yml"), "utf8")).not.toMatch(/br0ker|p@ss|p%40ss/);

  await sabrewing(["check", "-c", join(folder.path, "sabrewing.yml")]);
  const asked = rtsp.requests.join("\n");
  expect(asked).toContain(
    `rtsp://${place}/%7BSABREWING_MQTT_PASSWORD%7D/main?x=%7BSABREWING_MQTT_PASSWORD%7D%22%0A%23%20%7BHOME%7D`,
  );
  expect(asked).not.toMatch(/br0ker|s3cret/);
});
