import { expect, test } from "vitest";
import type { Clock } from "../../../agent/base/clock.ts";
import { ConfigError, TransientError } from "../../../agent/base/errors.ts";
import { openLog } from "../../../agent/base/log.ts";
import { FfmpegMissing } from "../../../agent/camera/ffmpeg.ts";
import type { Frame } from "../../../agent/camera/frame.ts";
import { retryStream } from "../../../agent/camera/retry-stream.ts";
import { greyFrame } from "../../support/camera/raw-frames.ts";

/** The behaviour of one stream: deliver this many frames, then fail. */
interface Opening {
  readonly frames: number;
  /** Milliseconds without a frame before it fails. */
  readonly silentMs?: number;
  readonly error?: Error;
}

const gone = new TransientError("door: the camera cannot be reached", "Check that it is on.");

/** Runs retryStream on a camera with these streams, until it opens one more than listed. */
async function watch(openings: readonly Opening[], frameEveryMs = 200) {
  const stop = new AbortController();
  const lines: string[] = [];
  const statuses: string[] = [];
  const sleeps: number[] = [];
  const sequences: number[] = [];
  let nowMs = 0;
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: async (ms) => {
      sleeps.push(ms);
      nowMs += ms;
    },
  };
  const todo = [...openings];
  async function* open(): AsyncGenerator<Frame> {
    const opening = todo.shift();
    if (opening === undefined) return stop.abort();
    for (let sequence = 0; sequence < opening.frames; sequence++) {
      nowMs += frameEveryMs;
      yield { camera: "door", sequence, timeMs: nowMs, ...greyFrame(1, 1, [0]) };
    }
    nowMs += opening.silentMs ?? 0;
    if (opening.error) throw opening.error;
  }
  const log = openLog("info", {
    write: (line) => {
      const { level, msg } = JSON.parse(line);
      lines.push(`${level} ${msg}`);
    },
  });
  const frames = retryStream(open, {
    camera: "door",
    clock,
    log,
    signal: stop.signal,
    backoff: { firstMs: 1000, longestMs: 10_000 },
    onStatus: (status) => statuses.push(status),
    random: () => 0,
  });
  for await (const { sequence } of frames) sequences.push(sequence);
  return { lines, statuses, sleeps, sequences };
}

test("logs one line for a failure and one for the recovery", async () => {
  const failing = Array.from({ length: 5 }, () => ({ frames: 0, error: gone }));
  const { lines, statuses } = await watch([
    { frames: 3, error: gone },
    ...failing,
    { frames: 2, error: gone },
  ]);
  expect(lines).toEqual([
    "info camera is on",
    "warn door: the camera cannot be reached",
    "info camera is back",
    "warn door: the camera cannot be reached",
  ]);
  expect(statuses).toEqual(["online", "offline", "online", "offline"]);
});

test("increases the waits up to the longest, and numbers frames across streams", async () => {
  const { sleeps, sequences } = await watch([
    { frames: 2, error: gone },
    ...Array.from({ length: 5 }, () => ({ frames: 0, error: gone })),
    { frames: 2 },
  ]);
  expect(sleeps).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
  expect(sequences).toEqual([0, 1, 2, 3]);
});

test("starts with the short wait again after a stream that lasted", async () => {
  const { sleeps } = await watch([
    { frames: 0, error: gone },
    { frames: 0, error: gone },
    { frames: 100, error: gone },
  ]);
  expect(sleeps).toEqual([1000, 2000, 1000]);
});

test("continues to back off if a camera fails right after its first frame", async () => {
  const { sleeps } = await watch(Array.from({ length: 4 }, () => ({ frames: 1, error: gone })));
  expect(sleeps).toEqual([1000, 2000, 4000, 8000]);
});

test("counts the time that a stream hung as waiting time, but always waits at least the shortest time", async () => {
  const { sleeps } = await watch([
    { frames: 1, error: gone },
    { frames: 0, error: gone },
    { frames: 0, silentMs: 2_500, error: gone },
    { frames: 1, silentMs: 10_000, error: gone },
  ]);
  expect(sleeps).toEqual([1000, 2000, 1500, 1000]);
});

test("retries a refused password at the longest interval, since cameras lock accounts", async () => {
  const refused = new ConfigError("door: the camera refuses this user name or password", "Check them.");
  const { sleeps, lines } = await watch([{ frames: 0, error: refused }, { frames: 1 }]);
  expect(sleeps[0]).toBe(10_000);
  expect(lines.slice(0, 2)).toEqual([
    "warn door: the camera refuses this user name or password",
    "info camera is back",
  ]);
});

test("logs a failure that only a person can fix once, even after another failure", async () => {
  const refused = new ConfigError("door: the camera redirects to another address", "Give that address.");
  const failing = [gone, refused, gone, refused].map((error) => ({ frames: 0, error }));
  const { lines } = await watch([...failing, { frames: 1 }]);
  expect(lines.slice(0, 3)).toEqual([
    "warn door: the camera cannot be reached",
    "warn door: the camera redirects to another address",
    "info camera is back",
  ]);
});

test("treats a stream that ends without an error as a failure", async () => {
  const { lines } = await watch([{ frames: 1 }]);
  expect(lines).toEqual(["info camera is on", "warn door: the stream ended"]);
});

test("does not retry after a missing ffmpeg or a bug", async () => {
  const missing = new FfmpegMissing("ffmpeg is not installed", "apt install ffmpeg");
  await expect(watch([{ frames: 0, error: missing }])).rejects.toBe(missing);
  const bug = new RangeError("a bug");
  await expect(watch([{ frames: 1, error: bug }])).rejects.toBe(bug);
});
