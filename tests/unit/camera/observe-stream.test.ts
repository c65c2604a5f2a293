import { expect, test } from "vitest";
import { observeStream } from "../../../agent/camera/observe-stream.ts";
import type { AccessUnit } from "../../../agent/camera/rtsp/access-unit.ts";
import { formatOf } from "../../support/camera/access-units.ts";

/** @param arrivedMs of each frame @param seconds of the stream's own time */
function observe(
  arrivedMs: readonly number[],
  seconds: (index: number) => number,
  keyEvery = 10,
  more: Partial<AccessUnit> = {},
) {
  const observer = observeStream({ idle: "auto", hasMotionDetection: true });
  for (const [index, arrived] of arrivedMs.entries()) {
    const isKey = index % keyEvery === 0;
    const unit: AccessUnit = {
      data: new Uint8Array(),
      bytes: 100,
      isKey,
      ...(isKey ? { format: formatOf() } : {}),
      rotation: 0,
      streamSeconds: seconds(index),
      arrivedMs: arrived,
      isDamaged: false,
      ...more,
    };
    observer.add(unit);
  }
  return observer.observed();
}

const evenly = (count: number) => Array.from({ length: count }, (_, index) => 1000 + index * 100);

test("knows rate and key frames of a stream after two intervals", () => {
  const stream = observe(evenly(25), (index) => index / 10);
  expect(stream).toMatchObject({ keyFrameSeconds: 1, sinceKeySeconds: 0.4, isComplete: true });
  expect(stream.idle.idle).toBe("keyframes");
  expect(stream.fps).toBeCloseTo(10);
});

test.each([
  ["slow", 0.1],
  ["fast", 10],
  ["fast", 1.4],
])("the rate comes from arrivals where the RTP clock runs %s, by the factor %d", (_how, factor) => {
  for (const count of [25, 40, 80]) {
    expect(observe(evenly(count), (index) => (factor * index) / 10).fps).toBeCloseTo(10);
  }
});

test("the rate comes from arrivals where the RTP clock is slow and some frames are sent at once at the start", () => {
  const burst = evenly(60).map((at, index) => (index < 20 ? 1000 + index : at - 1000));
  expect(observe(burst, (index) => index / 100).fps).toBeCloseTo(10);
});

test.each([
  ["soundly", 1],
  ["too slowly", 0.1],
])("frames that share a packet are all counted, and the time runs %s", (_how, factor) => {
  const joined = evenly(24).map((_, index) => 1000 + 1000 * Math.floor(index / 6));
  expect(observe(joined, (index) => factor * Math.floor(index / 6)).fps).toBeCloseTo(6);
});

test.each([
  ["the same timestamp", (index: number) => Math.floor(index / 2) / 5],
  ["their own timestamps", (index: number) => index / 10],
])("two fields with %s are one frame", (_how, seconds) => {
  expect(observe(evenly(40), seconds, 10, { isField: true }).fps).toBeCloseTo(5);
});

test("frames that a camera sends at once at the start do not raise the rate", () => {
  const burst = evenly(40).map((at, index) => (index < 10 ? 1000 + index : at - 1000));
  expect(observe(burst, (index) => index / 10).fps).toBeCloseTo(10);
});

test("frames that arrive at once after the network has stalled do not raise the rate", () => {
  const stalled = evenly(40).map((at, index) => (index < 20 ? at : 4900 + index));
  expect(observe(stalled, (index) => index / 10).fps).toBeCloseTo(10);
});

test.each([
  ["stands", () => 7],
  ["runs ten times too fast", (index: number) => index],
])("the rate comes from arrivals where the stream's own time %s", (_how, seconds) => {
  expect(observe(evenly(40), seconds).fps).toBeCloseTo(10);
});

test("one frame has no rate", () => {
  expect(observe([1000], () => 0)).toMatchObject({ fps: undefined, keyFrameSeconds: undefined });
});
