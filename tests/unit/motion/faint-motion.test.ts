import { describe, expect, test } from "vitest";
import { readClip } from "../../../agent/camera/clip.ts";
import { MotionSchema } from "../../../agent/config/motion-schema.ts";
import { detectMotion, type Gate, startGate } from "../../../agent/motion/gate.ts";
import { findMedia } from "../../support/base/materials.ts";
import { seeded } from "../../support/base/seeded.ts";
import { greyFrame } from "../../support/camera/raw-frames.ts";
import {
  drawGround,
  type Ground,
  openSensor,
  SIZE,
  shifted,
  warped,
  withRain,
  withSnow,
  withWalker,
} from "./textured-ground.ts";

const FRAME_MS = 200;
const LEARNING_FRAMES = 20;

/** A camera that has learnt a ground. @returns takes the next frame, and gives the boxes of motion in it */
function watch(ground: Ground, noise: number) {
  const expose = openSensor(1);
  let gate: Gate = startGate(SIZE, MotionSchema.parse({}), FRAME_MS);
  let timeMs = 0;
  const next = (scene: Ground) => {
    const step = detectMotion(gate, greyFrame(SIZE.width, SIZE.height, expose(scene, noise)), timeMs);
    gate = step.gate;
    timeMs += FRAME_MS;
    return step.motion.boxes;
  };
  for (let frame = 0; frame < LEARNING_FRAMES; frame++) next(ground);
  return next;
}

const GRAVEL = drawGround(1, 30);
const GRASS = drawGround(2, 18);

async function firstOf(file: string | undefined): Promise<Ground | undefined> {
  if (file === undefined) return undefined;
  const clip = { camera: "clip", file, size: SIZE };
  for await (const frame of readClip(clip, { signal: AbortSignal.timeout(60_000) })) {
    return Float32Array.from(frame.planes.subarray(0, SIZE.width * SIZE.height));
  }
  return undefined;
}

const grounds: readonly (readonly [string, Ground])[] = [
  ["gravel", GRAVEL],
  ["grass", GRASS],
  ...(
    await Promise.all(
      ["person.mp4", "street.mp4"].map(async (name) => [name, await firstOf(findMedia(name))] as const),
    )
  ).flatMap(([name, ground]) => (ground === undefined ? [] : [[`the ground of ${name}`, ground] as const])),
];

/** Height, width, contrast in grey levels, and pixels per frame. */
const WALKERS = [
  [20, 6, 60, 4],
  [20, 6, -60, 4],
  [18, 6, 55, 6],
  [24, 8, 45, 4],
  [60, 20, 18, 8],
  [60, 20, -18, 8],
  [56, 18, 15, 6],
  [40, 13, 22, 6],
] as const;

describe.each(grounds)("on %s", (_, ground) => {
  test.each(WALKERS)(
    "a walker of %i×%i pixels and contrast %i is motion",
    (height, width, contrast, step) => {
      const next = watch(ground, 3);
      const walked = Array.from({ length: 12 }, (_, frame) => {
        const x = 200 + frame * step;
        return next(withWalker(ground, { x, y: 290, width, height, contrast })).some(([x1, , x2]) => {
          return x1 <= x + width && x2 >= x;
        });
      });
      expect(walked.indexOf(true), "the first frame with motion").toBeLessThanOrEqual(1);
      expect(walked.filter(Boolean).length).toBeGreaterThanOrEqual(9);
    },
  );
});

describe.each([
  ["gravel", GRAVEL],
  ["grass", GRASS],
] as const)("on %s, nothing moves", (_, ground) => {
  const tree = (x: number, y: number) => x > 450 && y < 260;
  const wind = (frame: number) => (x: number, y: number) => {
    if (!tree(x, y)) return undefined;
    const gust = 2 * Math.sin((frame / 5) * 4.4 + x * 0.05 + y * 0.07) * Math.sin((frame / 5) * 0.7 + 1);
    return [gust, gust / 2] as const;
  };
  const random = seeded(4);
  const shake = () => shifted(ground, 4 * random() - 2, 4 * random() - 2);
  const lit = (gain: number, offset = 0) => ground.map((level) => level * gain + offset);

  test.each<[string, number, (frame: number) => Ground]>([
    ["in the noise of a cheap sensor", 6, () => ground],
    ["in rain", 3, () => withRain(ground, random, 200)],
    ["in snow", 3, () => withSnow(ground, random, 120)],
    ["when the camera shakes by two pixels", 3, shake],
    ["when a lamp is switched", 3, (frame) => lit(frame < 12 ? 1 : 1.45)],
    ["when it grows darker", 3, (frame) => lit(1 - frame / 80)],
    ["at night", 10, () => lit(0.12, 16)],
  ])("%s", (_, noise, sceneOf) => {
    const next = watch(sceneOf(0), noise);
    const boxes = Array.from({ length: 24 }, (_, frame) => next(sceneOf(frame)));
    expect(boxes.flat()).toEqual([]);
  });

  test("where something flickers, once it is known", () => {
    const next = watch(ground, 3);
    const glitter = withWalker(ground, { x: 400, y: 200, width: 40, height: 30, contrast: -16 });
    const boxes = Array.from({ length: 60 }, (_, frame) => next(frame % 4 < 2 ? glitter : ground));
    expect(boxes[0]).toHaveLength(1);
    expect(boxes.slice(30).flat()).toEqual([]);
  });

  test("in a tree in the wind, once its leaves are known", () => {
    const next = watch(ground, 3);
    const boxes = Array.from({ length: 40 }, (_, frame) => next(warped(ground, wind(frame))));
    expect(boxes.slice(15).flat()).toEqual([]);
  });
});

test("in fog, where the contrast is stretched most, a shade of six grey levels is no motion", () => {
  const fog = GRASS.map((level) => 100 + level / 5);
  const next = watch(fog, 2);
  const shade = withWalker(fog, { x: 300, y: 150, width: 30, height: 90, contrast: 6 });
  expect(next(shade)).toEqual([]);
});

test("a shadow of an object that is clearly in motion has no box of its own", () => {
  const next = watch(GRASS, 3);
  const person = { x: 300, y: 150, width: 30, height: 90, contrast: 90 };
  const shadow = { x: 330, y: 215, width: 60, height: 25, contrast: 14 };
  expect(next(withWalker(withWalker(GRASS, person), shadow))).toHaveLength(1);
});

test("a faint walker is motion while another person is clearly in motion", () => {
  const next = watch(GRASS, 3);
  const near = { x: 100, y: 100, width: 60, height: 180, contrast: 90 };
  const far = { x: 600, y: 200, width: 20, height: 60, contrast: 18 };
  expect(next(withWalker(withWalker(GRASS, near), far))).toHaveLength(2);
});

test("a faint walker is motion where a person passed by ten seconds ago", () => {
  const next = watch(GRASS, 3);
  for (let frame = 0; frame < 8; frame++) {
    next(withWalker(GRASS, { x: 200 + 10 * frame, y: 200, width: 30, height: 90, contrast: 90 }));
  }
  for (let frame = 0; frame < 50; frame++) next(GRASS);
  expect(next(withWalker(GRASS, { x: 240, y: 220, width: 20, height: 60, contrast: 18 }))).toHaveLength(1);
});
