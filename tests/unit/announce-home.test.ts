import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openHome } from "../../agent/announce-home.ts";
import { AgentConfigSchema } from "../../agent/config/schema.ts";
import type { Message } from "../../agent/mqtt/message.ts";
import { handClock } from "../support/hand-clock.ts";
import { recordingLog } from "../support/log-lines.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const CAMERA = { ffmpeg: { inputs: [{ path: "rtsp://camera/1" }] } };

function household(cameras: object, enabled = true) {
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
  const clock = handClock();
  const home = await openHome(household(cameras, enabled), {
    file: join(folder, "announced.json"),
    clock,
    log,
    publish,
    signal: new AbortController().signal,
  });
  const told = () =>
    published.map(({ topic, payload }) => `${topic.split("/")[2]} ${payload === "" ? "gone" : "there"}`);
  const send = (word: string) =>
    home.subscription.onMessage("homeassistant/status", Buffer.from(word), false);
  return { home, told, send, lines, published, clock };
}

test("a camera that is no more is taken back at the start, but not from a Home Assistant that has just started", async () => {
  await using folder = await temporaryFolder();
  await homeIn(folder.path, { door: CAMERA, yard: CAMERA });
  const { home, told, send, published } = await homeIn(folder.path, { door: CAMERA });
  home.announce();
  expect(told()).toEqual(["sabrewing there", "sabrewing_door there", "sabrewing_yard gone"]);
  published.length = 0;
  send("offline");
  expect(told()).toEqual([]);
  send("online");
  expect(told()).toEqual(["sabrewing there", "sabrewing_door there"]);
});

test("a Home Assistant that seems to start a thousand times a second is told a few times only", async () => {
  await using folder = await temporaryFolder();
  const { told, send, lines, clock } = await homeIn(folder.path, { door: CAMERA });
  for (let ms = 0; ms < 60_000; ms += 20) {
    for (let time = 0; time < 20; time++) send("online");
    await clock.pass(20);
  }
  expect(told().length).toBeLessThan(20);
  expect(lines.length).toBeLessThan(10);
});

test("where discovery is off nothing is listened to, nothing told and nothing written", async () => {
  await using folder = await temporaryFolder();
  const { home, told, lines } = await homeIn(join(folder.path, "not-there"), { door: CAMERA }, false);
  home.announce();
  expect(home.subscription.topics).toEqual([]);
  expect(told()).toEqual([]);
  expect(lines).toEqual([]);
});

test("a memory that cannot be read or written is worth a warning, and everything is announced all the same", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "announced.json");
  writeFileSync(file, "{");
  const { home, told, lines } = await homeIn(folder.path, { door: CAMERA });
  home.announce();
  expect(told()).toHaveLength(2);
  expect(lines.map(({ msg }) => msg)).toEqual([expect.stringContaining("is forgotten: cannot read")]);
  mkdirSync(join(folder.path, "folder", "announced.json"), { recursive: true });
  const unwritable = await homeIn(join(folder.path, "folder"), { door: CAMERA });
  expect(unwritable.lines.map(({ msg }) => msg).at(-1)).toContain("cannot be taken back later");
});
