import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type DecoderWatchdog, watchForFrames } from "../../../agent/camera/decoder-watchdog.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const AFTER_MS = 1_000;
const never = () => new Promise<never>(() => {});

function watch({ reorderFrames = 0, isInterlaced = false, fps = undefined as number | undefined } = {}) {
  const onStuck = vi.fn();
  const watchdog = watchForFrames({ format: { reorderFrames, isInterlaced }, fps }, AFTER_MS, onStuck);
  const wait = () => void watchdog.waiting(never);
  return { watchdog, onStuck, wait };
}

function write(watchdog: DecoderWatchdog, ...timesMs: readonly number[]): void {
  for (const timeMs of timesMs) watchdog.written(timeMs);
}

test("a decoder is stuck when a frame is due, its consumer waits, and it does not come in time", () => {
  const { watchdog, onStuck, wait } = watch();
  wait();
  write(watchdog, 0, 40);
  vi.advanceTimersByTime(AFTER_MS - 1);
  expect(onStuck).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(onStuck).toHaveBeenCalledOnce();
  expect(watchdog.isStuck()).toBe(true);
});

test("a frame in time starts the wait anew", () => {
  const { watchdog, onStuck, wait } = watch();
  wait();
  for (let timeMs = 0; timeMs < 5 * AFTER_MS; timeMs += AFTER_MS / 2) {
    write(watchdog, timeMs, timeMs + 40);
    vi.advanceTimersByTime(AFTER_MS / 2);
    watchdog.delivered(timeMs);
  }
  expect(onStuck).not.toHaveBeenCalled();
});

test.each([
  ["the decoder holds back frames to put them in order", { reorderFrames: 2 }, [0, 40, 80], 120],
  ["two fields make a frame", { isInterlaced: true }, [0, 20], 40],
])("no frame is due while %s", (_why, format, few, oneMore) => {
  const { watchdog, onStuck, wait } = watch(format);
  wait();
  write(watchdog, ...few);
  vi.advanceTimersByTime(10 * AFTER_MS);
  expect(onStuck).not.toHaveBeenCalled();
  write(watchdog, oneMore);
  vi.advanceTimersByTime(10 * AFTER_MS);
  expect(onStuck).toHaveBeenCalledOnce();
});

test("frames that the rate limit drops are not due", () => {
  const { watchdog, onStuck, wait } = watch({ fps: 5 });
  write(watchdog, 0);
  watchdog.delivered(0);
  wait();
  write(watchdog, 40, 80, 120, 160, 200);
  vi.advanceTimersByTime(10 * AFTER_MS);
  expect(onStuck).not.toHaveBeenCalled();
  write(watchdog, 240, 280);
  vi.advanceTimersByTime(10 * AFTER_MS);
  expect(onStuck).toHaveBeenCalledOnce();
});

test("a consumer that does not read makes no decoder stuck", async () => {
  const { watchdog, onStuck } = watch();
  await watchdog.waiting(() => Promise.resolve("frame"));
  write(watchdog, 0, 40, 80);
  vi.advanceTimersByTime(10 * AFTER_MS);
  expect(onStuck).not.toHaveBeenCalled();
});

test("another decoder has its own time", () => {
  const { watchdog, onStuck, wait } = watch();
  wait();
  write(watchdog, 0, 40, 80);
  vi.advanceTimersByTime(AFTER_MS);
  watchdog.restart();
  expect(watchdog.isStuck()).toBe(false);
  vi.advanceTimersByTime(10 * AFTER_MS);
  expect(onStuck).toHaveBeenCalledOnce();
});
