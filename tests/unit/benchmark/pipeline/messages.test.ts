import { expect, test } from "vitest";
import { sceneOf } from "../../../../scripts/benchmark/pipeline/clips.ts";
import { frameTotals, readCounts } from "../../../../scripts/benchmark/pipeline/frame-counts.ts";
import { latencyFigures, latencyOf } from "../../../../scripts/benchmark/pipeline/latency.ts";

const counts = (seen: number, skipped = 0) => ({
  seen,
  gated: 10,
  looked: seen - skipped - 10,
  skipped,
  regions: 2 * seen,
});

test("the counters of all cameras are summed, as the difference of two readings", () => {
  const before = readCounts(
    JSON.stringify({ cameras: { a: { frames: counts(100) }, b: { frames: counts(100) } } }),
  );
  const after = { a: counts(150, 5), b: counts(148) };
  expect(frameTotals(before, after, 50)).toEqual({
    seen: 98,
    gated: 0,
    looked: 93,
    skipped: 5,
    regions: 196,
    missed: 0,
  });
});

test("one frame too few is jitter, ten too few are missed", () => {
  expect(frameTotals({ a: counts(100) }, { a: counts(140) }, 49.8).missed).toBe(10);
  expect(frameTotals({ a: counts(100) }, { a: counts(149) }, 49.8).missed).toBe(0);
});

const message = (topic: string, content: object) => ({
  topic,
  payload: Buffer.from(JSON.stringify(content)),
  time: 1000.25,
});

test("latency comes from new objects and the script's detections, not from updates of an object", () => {
  const event = (type: string) => message("p/events", { type, after: { frame_time: 1000 } });
  expect(latencyOf("p", event("new"))).toBe(250);
  expect(latencyOf("p", event("update"))).toBeUndefined();
  expect(
    latencyOf("p", message("p/detections", { camera: "a", frame_time: 1000.2, detections: [] })),
  ).toBeCloseTo(50);
  expect(latencyOf("p", message("other/events", {}))).toBeUndefined();
});

test("the 95th percentile of a hundred latencies is the sixth longest", () => {
  expect(latencyFigures(Array.from({ length: 100 }, (_, i) => 100 - i))).toEqual({ p50: 50, p95: 95 });
  expect(latencyFigures([]).p95).toBeNaN();
});

test("a scene is named after its clips", () => {
  expect(sceneOf(["person.mp4", "/media/street.mp4"])).toBe("person+street");
  expect(sceneOf(["still"])).toBe("still");
});
