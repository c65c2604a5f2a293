import { describe, expect, test } from "vitest";
import { readClip } from "../../../agent/camera/clip.ts";
import { MotionSchema } from "../../../agent/config/motion-schema.ts";
import { detectMotion, type Gate, startGate } from "../../../agent/motion/gate.ts";
import { findMedia } from "../../support/base/materials.ts";

const FPS = 5;

/** The seconds at which something moved, and how many seconds the gate calibrated. */
async function watchClip(file: string) {
  let gate: Gate | undefined;
  const moving: number[] = [];
  let calibrating = 0;
  for await (const frame of readClip(
    { camera: "clip", file, fps: FPS },
    { signal: AbortSignal.timeout(60_000) },
  )) {
    const step = detectMotion(
      gate ?? startGate(frame, MotionSchema.parse({}), 1000 / FPS),
      frame,
      frame.timeMs,
    );
    gate = step.gate;
    if (step.motion.calibrating) calibrating += 1 / FPS;
    if (step.motion.boxes.length > 0) moving.push(frame.timeMs / 1000);
  }
  return { moving, calibrating };
}

/** The share of the frames between two seconds in which something moved. */
function share(moving: readonly number[], from: number, to: number): number {
  return moving.filter((second) => second >= from && second < to).length / ((to - from) * FPS);
}

const person = findMedia("person.mp4");
describe.skipIf(person === undefined)("six people, one after another", () => {
  test("every visit is motion from start to end, and nothing moves between visits", async () => {
    const { moving, calibrating } = await watchClip(person ?? "");
    for (const [from, to] of [
      [6, 19],
      [23, 45],
      [50, 70],
      [75, 87],
      [92.4, 120],
      [123.6, 136],
    ] as const) {
      expect(share(moving, from, to), `from ${from} to ${to} s`).toBeGreaterThan(0.98);
    }
    for (const [from, to] of [
      [0, 5.8],
      [21.4, 22.6],
      [46.4, 49.8],
      [71.4, 74],
      [88.4, 91.8],
      [121.8, 123],
      [137.8, 139],
    ] as const) {
      expect(share(moving, from, to), `from ${from} to ${to} s`).toBe(0);
    }
    expect(calibrating).toBeLessThan(1);
  });
});

const cars = findMedia("cars.mp4");
describe.skipIf(cars === undefined)("four cars from above, with an exposure that follows them", () => {
  test("each car is motion although the camera drifts, but the empty asphalt is not", async () => {
    const { moving } = await watchClip(cars ?? "");
    expect(share(moving, 0, 4)).toBe(0);
    for (const [from, to] of [
      [5, 9],
      [14.4, 17],
      [16, 19],
      [25.4, 26.6],
    ] as const) {
      expect(share(moving, from, to), `from ${from} to ${to} s`).toBeCloseTo(1);
    }
  });
});
