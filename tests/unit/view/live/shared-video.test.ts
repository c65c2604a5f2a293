import { expect, test } from "vitest";
import { shareVideo } from "../../../../agent/view/live/shared-video.ts";
import { manualClock } from "../../../support/time/manual-clock.ts";

/** A video that the test plays manually. */
function videoByHand() {
  const clock = manualClock();
  const closing = new AbortController();
  const plays: { emit: (part: Uint8Array) => void; signal: AbortSignal; end: () => void }[] = [];
  const video = shareVideo({
    play(emit, signal) {
      const { promise, resolve } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => resolve());
      plays.push({ emit, signal, end: resolve });
      return promise;
    },
    clock,
    random: () => 0,
    backoff: { firstMs: 1000, longestMs: 4000 },
    signal: closing.signal,
  });
  return { clock, closing, plays, video };
}

const part = (value: number) => Uint8Array.of(value);

test("a video is played once for all viewers, and ends with the last one", () => {
  const { plays, video } = videoByHand();
  expect(plays).toHaveLength(0);
  const seen: string[] = [];
  const leaveA = video.watch(([value]) => seen.push(`a${value}`));
  const leaveB = video.watch(([value]) => seen.push(`b${value}`));
  plays[0]?.emit(part(1));
  leaveA();
  plays[0]?.emit(part(2));
  expect(plays[0]?.signal.aborted).toBe(false);
  leaveB();
  expect(plays[0]?.signal.aborted).toBe(true);
  expect(plays).toHaveLength(1);
  expect(seen).toEqual(["a1", "b1", "b2"]);
});

test("a viewer that comes after the last one left receives no data of the previous video", () => {
  const { plays, video } = videoByHand();
  video.watch(() => {})();
  const seen: number[] = [];
  video.watch(([value = 0]) => seen.push(value));
  plays[0]?.emit(part(1));
  plays[1]?.emit(part(2));
  expect(seen).toEqual([2]);
});

test("a video that ends is restarted with growing delays while it has viewers", async () => {
  const { clock, plays, video } = videoByHand();
  const leave = video.watch(() => {});
  const startedAt = [];
  for (const waitMs of [1000, 2000, 4000, 4000]) {
    plays.at(-1)?.end();
    await clock.pass(waitMs - 1);
    startedAt.push(plays.length);
    await clock.pass(1);
  }
  expect(startedAt).toEqual([1, 2, 3, 4]);
  expect(plays).toHaveLength(5);
  leave();
  await clock.pass(60_000);
  expect(plays).toHaveLength(5);
});

test("a video that played for long is restarted soon", async () => {
  const { clock, plays, video } = videoByHand();
  video.watch(() => {});
  plays.at(-1)?.end();
  await clock.pass(1000);
  await clock.pass(60_000);
  plays.at(-1)?.end();
  await clock.pass(1000);
  expect(plays).toHaveLength(3);
});

test("the video ends when the agent stops", async () => {
  const { clock, closing, plays, video } = videoByHand();
  video.watch(() => {});
  closing.abort();
  expect(plays[0]?.signal.aborted).toBe(true);
  await clock.pass(60_000);
  expect(plays).toHaveLength(1);
});
