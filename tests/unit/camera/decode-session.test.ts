import { expect, test } from "vitest";
import { TransientError } from "../../../agent/base/errors.ts";
import { type DecodeSessionOptions, decodeSession } from "../../../agent/camera/decode-session.ts";
import type { Frame } from "../../../agent/camera/frame.ts";
import { frameFeedback } from "../../../agent/camera/frame-feedback.ts";
import type { AccessUnit } from "../../../agent/camera/rtsp/access-unit.ts";
import { createUnitQueue } from "../../../agent/camera/rtsp/unit-queue.ts";
import { formatOf } from "../../support/camera/access-units.ts";
import { type FakeDecoder, fakeDecoder } from "../../support/camera/fake-decoder.ts";
import { manualClock } from "../../support/time/manual-clock.ts";

const GROUP_MS = 2_000;
const INTERVAL_MS = 200;

/** A session whose camera sends five frames per second and a key frame every 2 s, with a decoder that a test controls. */
function startSession(more: Partial<DecodeSessionOptions> = {}) {
  const clock = manualClock();
  const queue = createUnitQueue();
  const feedback = frameFeedback();
  const decoders: FakeDecoder[] = [];
  const options = {
    camera: "door",
    rotate: 0,
    rules: { idle: "keyframes", hasMotionDetection: true, keptBytes: 1e6 },
    openDecoder(display) {
      const decoder = fakeDecoder(display);
      decoders.push(decoder);
      return decoder;
    },
    clock,
    signal: new AbortController().signal,
    feedback,
    ...more,
  } satisfies DecodeSessionOptions;
  const frames = decodeSession(queue, options);
  let atMs = 0;

  async function send(format = formatOf(), unit: Partial<AccessUnit> = {}): Promise<void> {
    const isKey = atMs % GROUP_MS === 0;
    queue.push({
      data: new Uint8Array(),
      bytes: 100,
      isKey,
      ...(isKey ? { format } : {}),
      rotation: 0,
      streamSeconds: atMs / 1000,
      arrivedMs: atMs,
      isDamaged: false,
      ...unit,
    });
    await clock.pass(INTERVAL_MS);
    atMs += INTERVAL_MS;
  }

  /** Sends until this time; the decoder shows each access unit that it is fed with, and none shows motion. */
  async function sendStill(untilMs: number): Promise<readonly Frame[]> {
    const shown: Frame[] = [];
    while (atMs < untilMs) {
      const before = decoders[0]?.written.length ?? 0;
      const next = atMs === 0 ? frames.next() : undefined;
      await send();
      const decoder = decoders[0];
      for (const timeMs of decoder?.written.slice(before) ?? []) {
        decoder?.show(timeMs);
        const frame = (await (next ?? frames.next())).value;
        if (frame === undefined) throw new Error("the frames ended");
        shown.push(frame);
        feedback.report({ type: "frame", timeMs: frame.timeMs, motion: "still" });
      }
    }
    return shown;
  }
  return { clock, queue, feedback, decoders, frames, send, sendStill };
}

test("frames are numbered and have the Unix time of their access unit", async () => {
  const { sendStill } = startSession();
  const shown = await sendStill(600);
  expect(shown.map(({ camera, sequence, timeMs }) => [camera, sequence, timeMs])).toEqual([
    ["door", 0, 1e9],
    ["door", 1, 1e9 + 200],
    ["door", 2, 1e9 + 400],
  ]);
});

test("a camera's rotation is added to that of the stream, for the decoder and for the live view", async () => {
  const seen: number[] = [];
  const { decoders, send, frames } = startSession({
    rotate: 270,
    onUnit: ({ rotation }) => seen.push(rotation),
  });
  void frames.next();
  await send();
  await send(undefined, { rotation: 180 });
  expect(decoders.map(({ display }) => display.rotation)).toEqual([270]);
  expect(seen).toEqual([270, 90]);
});

test("while nothing moves only key frames are decoded, and motion brings back the frames before it", async () => {
  const { decoders, feedback, send, sendStill } = startSession();
  await sendStill(14_000);
  const idle = decoders[0]?.written.filter((timeMs) => timeMs > 10_200);
  expect(idle).toEqual([12_000]);
  for (let turn = 0; turn < 3; turn++) await send();
  feedback.report({ type: "frame", timeMs: 1e9 + 14_000, motion: "moved" });
  expect(decoders[0]?.written.slice(-3)).toEqual([14_000, 14_200, 14_400]);
});

test.each([
  ["set back", -3_600_000],
  ["set forward", 3_600_000],
])("a clock that is %s while a frame is judged does not keep the decoder awake", async (_how, jumpMs) => {
  const { clock, decoders, feedback, frames, send, sendStill } = startSession();
  await sendStill(14_000);
  await send();
  decoders[0]?.show(14_000);
  const { value } = await frames.next();
  clock.jump(jumpMs);
  feedback.report({ type: "frame", timeMs: value?.timeMs ?? 0, motion: "moved" });
  const shown = await sendStill(26_000);
  expect(shown.slice(-3).map(({ timeMs }) => timeMs - 1e9 - jumpMs)).toEqual([20_000, 22_000, 24_000]);
});

test("after a decoder lost its state, the plan waits for a whole key frame", async () => {
  const { decoders, send, sendStill } = startSession();
  await sendStill(2_200);
  decoders[0]?.loseState();
  for (let turn = 0; turn < 9; turn++) await send();
  await send(undefined, { isDamaged: true });
  for (let turn = 0; turn < 11; turn++) await send();
  expect(decoders[0]?.written.slice(-3)).toEqual([2_000, 6_000, 6_200]);
});

test("a decoder that is behind gets key frames only, until it has caught up", async () => {
  const { decoders, send, sendStill } = startSession();
  await sendStill(200);
  const [decoder] = decoders;
  if (decoder === undefined) throw new Error("no decoder");
  decoder.backlog = 2e6;
  for (let turn = 0; turn < 39; turn++) await send();
  expect(decoder.written.filter((timeMs) => timeMs > 3_400)).toEqual([4_000, 6_000]);
  decoder.backlog = 0;
  for (let turn = 0; turn < 14; turn++) await send();
  expect(decoder.written.slice(-4)).toEqual([10_000, 10_200, 10_400, 10_600]);
});

test("reports after the end of the stream are ignored", async () => {
  const { decoders, feedback, frames, sendStill } = startSession();
  await sendStill(14_000);
  await frames.return();
  const written = [...(decoders[0]?.written ?? [])];
  feedback.report({ type: "frame", timeMs: 1e9 + 14_000, motion: "moved" });
  expect(decoders[0]?.written).toEqual(written);
  expect(decoders[0]?.isClosed()).toBe(true);
});

test("the error of the session ends the frames", async () => {
  const { queue, frames, decoders, send } = startSession();
  const next = frames.next();
  await send();
  queue.end(new TransientError("door: the camera has closed the connection", ""));
  await expect(next).rejects.toThrow("has closed the connection");
  expect(decoders[0]?.isClosed()).toBe(true);
});

test("a session that is aborted ends the frames without an error, also before the first key frame", async () => {
  const { queue, frames } = startSession();
  const next = frames.next();
  queue.end();
  expect(await next).toEqual({ done: true, value: undefined });
});

test("an error of a listener ends the frames with this error", async () => {
  const { frames, send } = startSession({
    onUnit() {
      throw new RangeError("a bug");
    },
  });
  const failure = frames.next().catch(String);
  await send();
  expect(await failure).toBe("RangeError: a bug");
});

test("video without a key frame for a minute is an error", async () => {
  const { frames, send } = startSession();
  const failure = frames.next().catch(String);
  for (let turn = 0; turn < 310; turn++) await send(undefined, { isKey: false });
  expect(await failure).toContain("door: no key frame within 60 s, although the camera sends video");
});
