import { expect, test } from "vitest";
import { newestOnly } from "../../../agent/base/newest-only.ts";
import type { Frame } from "../../../agent/camera/frame.ts";
import { MotionSchema } from "../../../agent/config/motion-schema.ts";
import { newerSighting, type Sighting, watchMotion } from "../../../agent/motion/watch-motion.ts";
import type { Box } from "../../../detectors/detector.ts";
import { greyPicture } from "../../support/camera/video-picture.ts";

const DEFAULTS = MotionSchema.parse({});
const SIZE = { width: 160, height: 120 };

/** A grey room; in it, where wanted, a white square of 40 pixels. */
function picture(sequence: number, square?: readonly [x: number, y: number], size = SIZE): Frame {
  const { width, height } = size;
  const brightness = new Uint8Array(width * height).fill(90);
  if (square !== undefined) {
    for (let y = square[1]; y < square[1] + 40; y++) {
      brightness.fill(230, y * width + square[0], y * width + square[0] + 40);
    }
  }
  return { camera: "door", sequence, timeMs: sequence * 200, ...greyPicture(width, height, brightness) };
}

async function* stream(frames: readonly Frame[]): AsyncGenerator<Frame> {
  yield* frames;
}

async function sightings(frames: readonly Frame[], config = DEFAULTS): Promise<Sighting[]> {
  const seen: Sighting[] = [];
  for await (const sighting of watchMotion(stream(frames), config)) seen.push(sighting);
  return seen;
}

const empty = (from: number, count: number) => Array.from({ length: count }, (_, i) => picture(from + i));
const isOn = (box: Box, [x, y]: readonly [number, number]) =>
  box[0] <= x + 20 && box[2] >= x + 20 && box[1] <= y + 20 && box[3] >= y + 20;

test("every frame is handed on with what moved in it", async () => {
  const seen = await sightings([...empty(0, 10), picture(10, [60, 40])]);
  expect(seen).toHaveLength(11);
  expect(seen.slice(5, 10).flatMap(({ motion }) => motion?.boxes)).toEqual([]);
  const [box, ...others] = seen[10]?.motion?.boxes ?? [];
  expect(others).toEqual([]);
  expect(box !== undefined && isOn(box, [60, 40])).toBe(true);
});

test("what moved in frames that a busy detector skipped is told with the next one", async () => {
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
    yield* [...places.map((place, index) => picture(10 + index, place)), picture(12)];
    free.resolve();
  }
  const newest = newestOnly(watchMotion(camera(), DEFAULTS), newerSighting);
  const seen: Sighting[] = [];
  for await (const sighting of newest) {
    seen.push(sighting);
    if (sighting.frame.sequence !== 9) continue;
    // The detector thinks about this frame for as long as the others take to come.
    busy.resolve();
    await free.promise;
  }
  expect(seen.map(({ frame }) => frame.sequence)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12]);
  expect(newest.counts()).toEqual({ delivered: 11, dropped: 2 });
  const boxes = seen.at(-1)?.motion?.boxes ?? [];
  for (const place of places) expect(boxes.some((box) => isOn(box, place))).toBe(true);
});

test("two sightings become one with the motion of both and the newer picture", () => {
  const sighting = (sequence: number, boxes: readonly Box[], calibrating = false): Sighting => ({
    frame: picture(sequence),
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

test("a camera that changes the size of its pictures is looked at anew", async () => {
  const larger = { width: 320, height: 240 };
  const seen = await sightings([...empty(0, 10), picture(10, undefined, larger)]);
  expect(seen[10]?.motion).toEqual({ boxes: [], calibrating: true });
});

test("where motion detection is switched off nobody says that nothing moved", async () => {
  const seen = await sightings(empty(0, 3), MotionSchema.parse({ enabled: false }));
  expect(seen.map(({ motion }) => motion)).toEqual([undefined, undefined, undefined]);
});
