import { expect, test } from "vitest";
import { newestOnly } from "../../../agent/base/newest-only.ts";
import type { Frame } from "../../../agent/camera/frame.ts";
import { MotionSchema } from "../../../agent/config/motion-schema.ts";
import { newerSighting, type Sighting, watchMotion } from "../../../agent/motion/watch-motion.ts";
import type { Box } from "../../../detectors/detector.ts";
import { greyFrame } from "../../support/camera/raw-frames.ts";

const DEFAULTS = MotionSchema.parse({});
const SIZE = { width: 160, height: 120 };

/** A grey frame, optionally with a white square of 40 pixels. */
function frameOf(sequence: number, square?: readonly [x: number, y: number], size = SIZE): Frame {
  const { width, height } = size;
  const brightness = new Uint8Array(width * height).fill(90);
  if (square !== undefined) {
    for (let y = square[1]; y < square[1] + 40; y++) {
      brightness.fill(230, y * width + square[0], y * width + square[0] + 40);
    }
  }
  return { camera: "door", sequence, timeMs: sequence * 200, ...greyFrame(width, height, brightness) };
}

async function* stream(frames: readonly Frame[]): AsyncGenerator<Frame> {
  yield* frames;
}

async function sightings(frames: readonly Frame[], config = DEFAULTS): Promise<Sighting[]> {
  const seen: Sighting[] = [];
  for await (const sighting of watchMotion(stream(frames), () => config, 200)) seen.push(sighting);
  return seen;
}

const empty = (from: number, count: number) => Array.from({ length: count }, (_, i) => frameOf(from + i));
const isOn = (box: Box, [x, y]: readonly [number, number]) =>
  box[0] <= x + 20 && box[2] >= x + 20 && box[1] <= y + 20 && box[3] >= y + 20;

test("every frame is delivered with its motion", async () => {
  const seen = await sightings([...empty(0, 10), frameOf(10, [60, 40])]);
  expect(seen).toHaveLength(11);
  expect(seen.slice(5, 10).flatMap(({ motion }) => motion?.boxes)).toEqual([]);
  const [box, ...others] = seen[10]?.motion?.boxes ?? [];
  expect(others).toEqual([]);
  expect(box !== undefined && isOn(box, [60, 40])).toBe(true);
});

test("the motion of frames that a busy detector drops is delivered with the next frame", async () => {
  const places = [
    [10, 10],
    [110, 70],
  ] as const;
  const busy = Promise.withResolvers<void>();
  const free = Promise.withResolvers<void>();
  async function* camera(): AsyncGenerator<Frame> {
    for (const frame of empty(0, 10)) {
      yield frame;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await busy.promise;
    yield* [...places.map((place, index) => frameOf(10 + index, place)), frameOf(12)];
    free.resolve();
  }
  const newest = newestOnly(
    watchMotion(camera(), () => DEFAULTS, 200),
    newerSighting,
  );
  const seen: Sighting[] = [];
  for await (const sighting of newest) {
    seen.push(sighting);
    if (sighting.frame.sequence !== 9) continue;
    // The detector is busy with this frame until the others have arrived.
    busy.resolve();
    await free.promise;
  }
  expect(seen.map(({ frame }) => frame.sequence)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12]);
  expect(newest.counts()).toEqual({ delivered: 11, dropped: 2 });
  const boxes = seen.at(-1)?.motion?.boxes ?? [];
  for (const place of places) expect(boxes.some((box) => isOn(box, place))).toBe(true);
});

test("two sightings merge into the newer frame with the motion of both", () => {
  const sighting = (sequence: number, boxes: readonly Box[], calibrating = false): Sighting => ({
    frame: frameOf(sequence),
    motion: { boxes, calibrating },
  });
  const [left, right]: readonly Box[] = [
    [0, 0, 10, 10],
    [50, 50, 60, 60],
  ];
  if (left === undefined || right === undefined) throw new Error("two boxes");
  const older = sighting(1, [left]);
  const both = newerSighting(older, sighting(2, [right]));
  expect(both.frame.sequence).toBe(2);
  expect(both.motion).toEqual({ boxes: [left, right], calibrating: false });
  expect(older.frame.planes.length).toBe(0);
  expect(newerSighting(sighting(1, [], true), sighting(2, [right])).motion).toEqual({
    boxes: [],
    calibrating: true,
  });
  expect(newerSighting(sighting(1, [left]), sighting(2, [], true)).motion?.calibrating).toBe(true);
});

test("the gate starts again when the frames change their size", async () => {
  const larger = { width: 320, height: 240 };
  const seen = await sightings([...empty(0, 10), frameOf(10, undefined, larger)]);
  expect(seen[10]?.motion).toEqual({ boxes: [], calibrating: true });
});

test("motion is undefined where motion detection is off", async () => {
  const seen = await sightings(empty(0, 3), MotionSchema.parse({ enabled: false }));
  expect(seen.map(({ motion }) => motion)).toEqual([undefined, undefined, undefined]);
});
