import { describe, expect, test } from "vitest";
import { MotionSchema } from "../../../agent/config/motion-schema.ts";
import {
  detectMotion,
  type Gate,
  type Motion,
  reconfigureGate,
  startGate,
} from "../../../agent/motion/gate.ts";
import { openScene, type Patch, type Shot, SIZE } from "./scene.ts";

const FRAME_MS = 200;
const VISITOR: Patch = { x: 150, y: 90, width: 24, height: 70, brightness: 20 };

/** A camera at five frames per second and its gate. */
function watch(settings: Parameters<typeof MotionSchema.parse>[0] = {}, seed = 1) {
  const shoot = openScene(seed);
  let gate: Gate = startGate(SIZE, MotionSchema.parse(settings), FRAME_MS);
  let timeMs = 0;
  return (shot?: Shot): Motion => {
    const step = detectMotion(gate, shoot(shot), timeMs);
    gate = step.gate;
    timeMs += FRAME_MS;
    return step.motion;
  };
}

function watchSeconds(next: (shot?: Shot) => Motion, seconds: number, shot: (frame: number) => Shot) {
  return Array.from({ length: (seconds * 1000) / FRAME_MS }, (_, frame) => next(shot(frame)));
}

const NOTHING: Motion = { boxes: [], calibrating: false };
const still = () => ({});

describe("at the start", () => {
  test("the gate calibrates for some frames, and then nothing moves", () => {
    const motions = watchSeconds(watch(), 2, still);
    expect(motions[0]).toEqual({ boxes: [], calibrating: true });
    expect(motions.slice(5)).toEqual(Array(5).fill(NOTHING));
  });

  test("an object that was there from the first frame is reported as soon as it moves", () => {
    const next = watch();
    watchSeconds(next, 3, () => ({ patches: [VISITOR] }));
    expect(next({ patches: [{ ...VISITOR, x: 220 }] }).boxes.length).toBeGreaterThan(0);
  });
});

describe("changed settings", () => {
  test("apply from the next frame, and the gate does not learn the scene again", () => {
    const shoot = openScene(1);
    let gate = startGate(SIZE, MotionSchema.parse({}), FRAME_MS);
    let timeMs = 0;
    const next = (shot?: Shot) => {
      timeMs += FRAME_MS;
      const step = detectMotion(gate, shoot(shot), timeMs);
      gate = step.gate;
      return step.motion;
    };
    watchSeconds(next, 3, still);
    expect(next({ patches: [VISITOR] }).boxes).toHaveLength(1);

    const masked = MotionSchema.parse({ mask: "0,0,1,0,1,1,0,1" });
    gate = reconfigureGate(gate, masked);
    expect(next({ patches: [VISITOR] })).toEqual(NOTHING);
    gate = reconfigureGate(gate, MotionSchema.parse({}));
    expect(next({ patches: [VISITOR] })).toMatchObject({ calibrating: false, boxes: [expect.anything()] });

    gate = reconfigureGate(gate, MotionSchema.parse({ frame_height: 50 }));
    expect(next({ patches: [VISITOR] }).calibrating, "another small image").toBe(true);
  });
});

describe("a person who walks through the frame", () => {
  test("has a tight box in pixels of the frame, in every frame", () => {
    const next = watch();
    watchSeconds(next, 5, () => ({ noise: 4 }));
    for (let x = 10; x < 340; x += 8) {
      const { boxes, calibrating } = next({ patches: [{ ...VISITOR, x }], noise: 4 });
      expect(calibrating).toBe(false);
      expect(boxes).toHaveLength(1);
      const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = boxes[0] ?? [];
      expect(Math.abs(x1 - x), `left edge at ${x}`).toBeLessThan(8);
      expect(Math.abs(x2 - x - VISITOR.width), `right edge at ${x}`).toBeLessThan(8);
      expect(Math.abs(y1 - VISITOR.y), `upper edge at ${x}`).toBeLessThan(8);
      expect(Math.abs(y2 - VISITOR.y - VISITOR.height), `lower edge at ${x}`).toBeLessThan(8);
    }
  });

  test("leaves nothing behind", () => {
    const next = watch();
    watchSeconds(next, 5, still);
    watchSeconds(next, 8, (frame) => ({ patches: [{ ...VISITOR, x: frame * 8 }] }));
    expect(watchSeconds(next, 10, still)).toEqual(Array(50).fill(NOTHING));
  });

  test("has a box of their own, far from another person", () => {
    const next = watch();
    watchSeconds(next, 2, still);
    expect(next({ patches: [VISITOR, { ...VISITOR, x: 300 }] }).boxes).toHaveLength(2);
  });

  test("is ignored behind a mask, and reported when leaving it", () => {
    const next = watch({ mask: "0.3,0.3,0.6,0.3,0.6,0.9,0.3,0.9" });
    watchSeconds(next, 2, still);
    expect(next({ patches: [VISITOR] })).toEqual(NOTHING);
    expect(next({ patches: [{ ...VISITOR, x: 300 }] }).boxes).toHaveLength(1);
  });

  test("must be as large as contour_area and differ by threshold", () => {
    const speck: Patch = { ...VISITOR, width: 8, height: 8 };
    const faint: Patch = { x: 20, y: 100, width: 24, height: 30, brightness: 175 };
    for (const [settings, patch, boxes] of [
      [{ contour_area: 5 }, speck, 1],
      [{ contour_area: 50 }, speck, 0],
      [{ threshold: 10 }, faint, 1],
      [{ threshold: 90 }, faint, 0],
    ] as const) {
      const next = watch(settings);
      watchSeconds(next, 2, still);
      expect(next({ patches: [patch] }).boxes, JSON.stringify(settings)).toHaveLength(boxes);
    }
  });

  test("is reported at dusk only with improved contrast", () => {
    const dusk = (brightness: number) => 20 + brightness * 0.2;
    for (const improve_contrast of [true, false]) {
      const next = watch({ improve_contrast });
      watchSeconds(next, 2, () => ({ exposure: dusk }));
      const { boxes } = next({ exposure: dusk, patches: [{ ...VISITOR, brightness: 100 }] });
      expect(boxes, `improve_contrast: ${improve_contrast}`).toHaveLength(improve_contrast ? 1 : 0);
    }
  });
});

describe("an object that stays", () => {
  const car: Patch = { x: 200, y: 110, width: 90, height: 50, brightness: 30 };
  const isMoving = (motion: Motion) => motion.boxes.length > 0;

  test("is motion for about 20 seconds at 5 frames per second, then background", () => {
    const next = watch();
    watchSeconds(next, 5, still);
    const parked = watchSeconds(next, 40, () => ({ patches: [car], noise: 3 }));
    expect(parked.slice(0, 90).every(isMoving)).toBe(true);
    expect(parked.slice(105).some(isMoving)).toBe(false);
  });

  test("is motion again when it leaves, and leaves no ghost", () => {
    const next = watch();
    watchSeconds(next, 30, still);
    watchSeconds(next, 40, () => ({ patches: [car], noise: 3 }));
    const leaving = watchSeconds(next, 2, (frame) => ({ patches: [{ ...car, x: 200 + frame * 20 }] }));
    expect(leaving.slice(1).every(isMoving)).toBe(true);
    expect(watchSeconds(next, 10, still).slice(5).some(isMoving)).toBe(false);
  });

  test("is motion as long as it sways: a person who stands about never becomes background", () => {
    const next = watch();
    watchSeconds(next, 30, still);
    const swaying = watchSeconds(next, 60, (frame) => {
      return { patches: [{ ...VISITOR, x: VISITOR.x + (Math.floor(frame / 5) % 4) * 16 }], noise: 3 };
    });
    expect(swaying.every(isMoving)).toBe(true);
    expect(watchSeconds(next, 10, still).slice(6).some(isMoving)).toBe(false);
  });
});

describe("light and noise cause no motion", () => {
  test.each([1, 2, 3])("noise of 6 grey levels over slowly drifting light, seed %d", (seed) => {
    const next = watch({}, seed);
    const motions = watchSeconds(next, 60, (frame) => ({
      noise: 6,
      exposure: (brightness) => brightness * (0.85 + 0.15 * Math.cos(frame / 40)) + frame / 25,
    }));
    expect(motions.slice(5)).toEqual(Array(295).fill(NOTHING));
  });

  const changes: readonly [name: string, exposure: (brightness: number) => number][] = [
    ["a lamp is switched off", (brightness) => brightness * 0.5],
    ["the exposure doubles and clips", (brightness) => Math.min(brightness * 2, 255)],
    ["the contrast halves around the middle", (brightness) => 64 + brightness / 2],
    ["a curve bends the middle", (brightness) => 255 * (brightness / 255) ** 0.6],
    ["a curve lifts shadows and lowers lights", (level) => level + 25 * Math.cos((level - 50) / 45)],
    ["an infrared lamp changes the whole image", (brightness) => 240 - brightness * 0.8],
  ];
  test.each(changes)("when %s", (_, exposure) => {
    const next = watch();
    watchSeconds(next, 5, () => ({ noise: 4 }));
    const motions = watchSeconds(next, 10, () => ({ exposure, noise: 4 }));
    expect(motions.flatMap((motion) => motion.boxes)).toEqual([]);
    expect(motions.slice(5).some((motion) => motion.calibrating)).toBe(false);
    // And back again.
    const back = watchSeconds(next, 10, () => ({ noise: 4 }));
    expect(back.flatMap((motion) => motion.boxes)).toEqual([]);
    expect(back.slice(5).some((motion) => motion.calibrating)).toBe(false);
    expect(next({ patches: [VISITOR] }).boxes).toHaveLength(1);
  });

  test("a flash of lightning makes the gate calibrate for less than two seconds", () => {
    const next = watch();
    watchSeconds(next, 5, still);
    const flash = next({ exposure: (brightness) => Math.min(brightness + 120, 255) });
    expect(flash).toEqual({ boxes: [], calibrating: true });
    const after = watchSeconds(next, 4, still);
    expect(after.flatMap((motion) => motion.boxes)).toEqual([]);
    expect(after.slice(5)).toEqual(Array(15).fill(NOTHING));
  });

  test("an exposure that adapts to a person does not hide them", () => {
    const next = watch();
    watchSeconds(next, 5, still);
    const motions = watchSeconds(next, 8, (frame) => ({
      patches: [{ ...VISITOR, width: 60, x: frame * 8 - 40 }],
      exposure: (brightness) => brightness * (1 - Math.min(frame, 10) * 0.03),
      noise: 3,
    }));
    expect(motions.slice(2).every((motion) => motion.boxes.length === 1)).toBe(true);
  });

  test("a van that covers most of the floor is reported although the light changes with it", () => {
    const van: Patch = { x: 60, y: 130, width: 280, height: 80, brightness: 20 };
    const next = watch();
    watchSeconds(next, 5, still);
    const dimmed = { patches: [van], exposure: (brightness: number) => brightness * 0.94 };
    const motions = watchSeconds(next, 2, () => dimmed);
    for (const { boxes } of motions) {
      expect(boxes).toHaveLength(1);
      const [x1 = 0, , x2 = 0] = boxes[0] ?? [];
      expect(x2 - x1).toBeGreaterThan(260);
    }
  });

  test("noise at night, stretched fourfold, is no motion, but a person is", () => {
    const night = { noise: 20, exposure: (brightness: number) => 60 + brightness * 0.1 };
    const next = watch();
    const motions = watchSeconds(next, 40, () => night);
    expect(motions.slice(60).flatMap(({ boxes }) => boxes)).toEqual([]);
    const lantern: Patch = { ...VISITOR, brightness: 1000 };
    expect(next({ ...night, patches: [lantern] }).boxes).toHaveLength(1);
  });

  test("a camera that trembles by a pixel reports no motion", () => {
    const next = watch();
    const motions = watchSeconds(next, 20, (frame) => ({ tremor: frame % 2, noise: 4 }));
    expect(motions.flatMap(({ boxes }) => boxes)).toEqual([]);
  });

  test("a camera that is turned elsewhere calibrates", () => {
    const next = watch();
    watchSeconds(next, 5, still);
    const elsewhere = Array.from({ length: 54 }, (_, tile): Patch => {
      const [x, y] = [(tile % 9) * 43, Math.floor(tile / 9) * 36];
      return { x, y, width: 43, height: 36, brightness: (tile * 89) % 256 };
    });
    const motions = watchSeconds(next, 4, () => ({ patches: elsewhere }));
    expect(motions[0]).toEqual({ boxes: [], calibrating: true });
    expect(motions.slice(5)).toEqual(Array(15).fill(NOTHING));
  });

  test("a covered lens causes no boxes while it is dark", () => {
    const next = watch();
    watchSeconds(next, 5, still);
    const dark = watchSeconds(next, 5, () => ({ exposure: () => 6, noise: 2 }));
    expect(dark[0]?.calibrating).toBe(true);
    expect(dark.flatMap((motion) => motion.boxes)).toEqual([]);
    expect(next()).toEqual({ boxes: [], calibrating: true });
  });
});

test("the same frames give the same results", () => {
  const run = () => {
    const next = watch({}, 7);
    return watchSeconds(next, 12, (frame) => ({ noise: 5, patches: [{ ...VISITOR, x: frame * 5 }] }));
  };
  expect(run()).toEqual(run());
});

test("a mask over the whole frame suppresses all motion", () => {
  const next = watch({ mask: "0,0,1,0,1,1,0,1" });
  const motions = watchSeconds(next, 4, (frame) => ({ patches: [{ ...VISITOR, x: frame * 8 }] }));
  expect(motions.slice(5)).toEqual(Array(15).fill(NOTHING));
});
