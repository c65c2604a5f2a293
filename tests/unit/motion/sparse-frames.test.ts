import { describe, expect, test } from "vitest";
import { MotionSchema } from "../../../agent/config/motion-schema.ts";
import { detectMotion, type Gate, type Motion, startGate } from "../../../agent/motion/gate.ts";
import { openScene, type Patch, type Shot, SIZE } from "./scene.ts";

/** The interval of `detect.fps: 5`; frames come at it or more rarely. */
const NOMINAL_MS = 200;
const CAR: Patch = { x: 200, y: 110, width: 90, height: 50, brightness: 30 };

/** A camera, its gate, and a clock that starts at 0. */
function watch() {
  const shoot = openScene(1);
  let gate: Gate = startGate(SIZE, MotionSchema.parse({}), NOMINAL_MS);
  let timeMs = 0;
  const at = (ms: number, shot?: Shot): Motion => {
    timeMs = ms;
    const step = detectMotion(gate, shoot(shot), ms);
    gate = step.gate;
    return step.motion;
  };
  return {
    at,
    /** Frames at an interval for some seconds: those in which something moved, as seconds since their first. */
    moving(seconds: number, everyMs: number, shot: (second: number) => Shot = () => ({ noise: 3 })) {
      const startMs = timeMs + everyMs;
      const moved: number[] = [];
      for (let ms = startMs; ms < startMs + seconds * 1000; ms += everyMs) {
        const second = (ms - startMs) / 1000;
        if (at(ms, shot(second)).boxes.length > 0) moved.push(second);
      }
      return moved;
    },
    noise: () => gate.noise,
    background: () => gate.background.current.slice(),
  };
}

const EVERY = [200, 500, 1000, 2000, 4000, 5000];

describe.each(EVERY)("with a frame every %i ms", (everyMs) => {
  test("a car that parks is motion for about 20 seconds, then background", () => {
    const camera = watch();
    expect(camera.moving(60, everyMs)).toEqual([]);
    const moved = camera.moving(60, everyMs, () => ({ patches: [CAR], noise: 3 }));
    expect(moved[0]).toBe(0);
    const lastMs = (moved.at(-1) ?? 0) * 1000;
    expect(lastMs).toBeGreaterThan(20_000 - 2000 - everyMs);
    expect(lastMs).toBeLessThan(20_000 + 2000);
  });

  test("a parked car that leaves is motion once more, and leaves no ghost for longer than two frames", () => {
    const camera = watch();
    camera.moving(60, everyMs);
    camera.moving(60, everyMs, () => ({ patches: [CAR], noise: 3 }));
    const ghost = camera.moving(60, everyMs);
    expect(ghost[0]).toBe(0);
    expect(ghost.at(-1)).toBeLessThanOrEqual(Math.max(1, everyMs / 1000));
  });

  test("light that changes slowly, and noise, are no motion", () => {
    const camera = watch();
    const moved = camera.moving(120, everyMs, (second) => ({
      noise: 6,
      exposure: (brightness) => brightness * (0.85 + 0.15 * Math.cos(second / 20)) + second / 10,
    }));
    expect(moved).toEqual([]);
  });

  test("a lamp that is switched is no motion, and a person after it is", () => {
    const camera = watch();
    camera.moving(60, everyMs);
    const dark = (level: number) => level * 0.5;
    expect(camera.moving(20, everyMs, () => ({ noise: 3, exposure: dark }))).toEqual([]);
    const person: Patch = { x: 150, y: 90, width: 24, height: 70, brightness: 20 };
    const moved = camera.moving(10, everyMs, () => ({ noise: 3, exposure: dark, patches: [person] }));
    expect(moved[0]).toBe(0);
  });

  test("the noise of a camera is known after half a minute", () => {
    const often = watch();
    often.moving(30, NOMINAL_MS, () => ({ noise: 6 }));
    const camera = watch();
    camera.moving(30, everyMs, () => ({ noise: 6 }));
    expect(camera.noise() / often.noise()).toBeGreaterThan(0.7);
    expect(camera.noise() / often.noise()).toBeLessThan(1.3);
  });
});

test("the background after a minute is the same at 5 and at 0.5 frames per second", () => {
  const [often, seldom] = [watch(), watch()];
  for (const [camera, everyMs] of [
    [often, 200],
    [seldom, 2000],
  ] as const) {
    camera.moving(60, everyMs, (second) => ({ patches: [{ ...CAR, brightness: 100 + second / 3 }] }));
  }
  const others = seldom.background();
  const differences = often.background().map((level, index) => Math.abs(level - (others[index] ?? 0)));
  expect(Math.max(...differences)).toBeLessThan(2);
});

test("a burst of frames after a pause, then frames at the nominal rate, follow a walker from the first frame", () => {
  const camera = watch();
  camera.moving(60, 2000);
  // Kept frames since the last key frame arrive at once, with their own times.
  const walking = camera.moving(4, NOMINAL_MS, (second) => ({
    noise: 3,
    patches: [{ ...CAR, width: 24, height: 60, x: 20 + second * 60 }],
  }));
  expect(walking).toHaveLength(20);
  expect(camera.moving(10, NOMINAL_MS).filter((second) => second > 1)).toEqual([]);
});

test("a frame after a gap of minutes does not make what it shows background", () => {
  const camera = watch();
  camera.moving(60, NOMINAL_MS);
  const hourMs = 3_600_000;
  expect(camera.at(hourMs, { patches: [CAR] }).boxes).toHaveLength(1);
  expect(camera.at(hourMs + NOMINAL_MS, { patches: [CAR] }).boxes).toHaveLength(1);
  expect(camera.at(2 * hourMs, { patches: [CAR] }).boxes).toHaveLength(1);
  expect(camera.at(2 * hourMs + NOMINAL_MS).boxes).toEqual([]);
});

test("frames at one time, and a clock that goes back, teach nothing and harm nothing", () => {
  const camera = watch();
  camera.moving(60, NOMINAL_MS);
  for (let frame = 0; frame < 200; frame++) {
    expect(camera.at(61_000 - (frame % 2) * 500, { patches: [CAR], noise: 3 }).boxes).toHaveLength(1);
  }
  expect(camera.at(61_200, { noise: 3 }).boxes).toEqual([]);
  expect(camera.background().every((level) => Number.isFinite(level))).toBe(true);
});
