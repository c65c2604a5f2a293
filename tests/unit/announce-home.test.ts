import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openHome } from "../../agent/announce-home.ts";
import { AgentConfigSchema } from "../../agent/config/schema.ts";
import type { Message } from "../../agent/mqtt/message.ts";
import { recordingLog } from "../support/agent/log-lines.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { manualClock } from "../support/time/manual-clock.ts";

const CAMERA = { ffmpeg: { inputs: [{ path: "rtsp://camera/1" }] } };

function discoveryInput(cameras: object, enabled = true) {
  const config = AgentConfigSchema.parse({
    mqtt: { host: "broker" },
    model: { path: "m.wasm" },
    homeassistant: { enabled },
    cameras,
  });
  return { ...config, detector: "yolov5n", version: "1.2.3" };
}

async function homeIn(folder: string, cameras: object, enabled = true) {
  const published: Message[] = [];
  const { log, lines } = recordingLog();
  const publish = (message: Message) => void published.push(message);
  const clock = manualClock();
  const home = await openHome(discoveryInput(cameras, enabled), {
    file: join(folder, "announced.json"),
    clock,
    log,
    publish,
    signal: new AbortController().signal,
  });
  const announced = () =>
    published.map(({ topic, payload }) => `${topic.split("/")[2]} ${payload === "" ? "gone" : "there"}`);
  const send = (word: string) =>
    home.subscription.onMessage("homeassistant/status", Buffer.from(word), false);
  return { home, announced, send, lines, published, clock };
}

test("removes a camera that no longer exists at the start, but not after a start of Home Assistant", async () => {
  await using folder = await temporaryFolder();
  await homeIn(folder.path, { door: CAMERA, yard: CAMERA });
  const { home, announced, send, published } = await homeIn(folder.path, { door: CAMERA });
  home.announce();
  expect(announced()).toEqual(["sabrewing there", "sabrewing_door there", "sabrewing_yard gone"]);
  published.length = 0;
  send("offline");
  expect(announced()).toEqual([]);
  send("online");
  expect(announced()).toEqual(["sabrewing there", "sabrewing_door there"]);
});

test("throttles the answers to a thousand birth messages a second", async () => {
  await using folder = await temporaryFolder();
  const { announced, send, lines, clock } = await homeIn(folder.path, { door: CAMERA });
  for (let ms = 0; ms < 60_000; ms += 20) {
    for (let time = 0; time < 20; time++) send("online");
    await clock.pass(20);
  }
  expect(announced().length).toBeLessThan(20);
  expect(lines.length).toBeLessThan(10);
});

test("subscribes to nothing, announces nothing and writes nothing while discovery is off", async () => {
  await using folder = await temporaryFolder();
  const { home, announced, lines } = await homeIn(join(folder.path, "not-there"), { door: CAMERA }, false);
  home.announce();
  expect(home.subscription.topics).toEqual([]);
  expect(announced()).toEqual([]);
  expect(lines).toEqual([]);
});

test("logs a warning if the record cannot be read or written, and announces everything", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "announced.json");
  writeFileSync(file, "{");
  const { home, announced, lines } = await homeIn(folder.path, { door: CAMERA });
  home.announce();
  expect(announced()).toHaveLength(2);
  expect(lines.map(({ msg }) => msg)).toEqual([expect.stringContaining("is lost: cannot read")]);
  mkdirSync(join(folder.path, "folder", "announced.json"), { recursive: true });
  const unwritable = await homeIn(join(folder.path, "folder"), { door: CAMERA });
  expect(unwritable.lines.map(({ msg }) => msg).at(-1)).toContain("cannot be removed later");
});
