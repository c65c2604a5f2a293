import { describe, expect, test } from "vitest";
import { MotionSchema } from "../../../agent/config/motion-schema.ts";
import { type Gate, lookForMotion, type Motion, startGate } from "../../../agent/motion/gate.ts";
import { openScene, type Patch, type Shot, SIZE } from "./scene.ts";

const FRAME_MS = 200;
const VISITOR: Patch = { x: 150, y: 90, width: 24, height: 70, brightness: 20 };

/** A camera at five frames per second, and what its gate says of each picture. */
function watch(settings: Parameters<typeof MotionSchema.parse>[0] = {}, seed = 1) {
  const shoot = openScene(seed);
  let gate: Gate = startGate(SIZE, MotionSchema.parse(settings));
  let timeMs = 0;
  return (shot?: Shot): Motion => {
    const seen = lookForMotion(gate, shoot(shot), timeMs);
    gate = seen.gate;
    timeMs += FRAME_MS;
    return seen.motion;
  };
}

function watchSeconds(look: (shot?: Shot) => Motion, seconds: number, shot: (frame: number) => Shot) {
  return Array.from({ length: (seconds * 1000) / FRAME_MS }, (_, frame) => look(shot(frame)));
}

const NOTHING: Motion = { boxes: [], calibrating: false };
const still = () => ({});

describe("at the start", () => {
  test("the gate is calibrating for some frames, and then nothing moves", () => {
    const said = watchSeconds(watch(), 2, still);
    expect(said[0]).toEqual({ boxes: [], calibrating: true });
    expect(said.slice(5)).toEqual(Array(5).fill(NOTHING));
  });

  test("an object that was there from the first frame is seen as soon as it moves", () => {
    const look = watch();
    watchSeconds(look, 3, () => ({ patches: [VISITOR] }));
    expect(look({ patches: [{ ...VISITOR, x: 220 }] }).boxes.length).toBeGreaterThan(0);
  });
});

describe("somebody who walks through the picture", () => {
  test("is in a box that fits, in pixels of the frame, in every frame", () => {
    const look = watch();
    watchSeconds(look, 5, () => ({ noise: 4 }));
    for (let x = 10; x < 340; x += 8) {
      const { boxes, calibrating } = look({ patches: [{ ...VISITOR, x }], noise: 4 });
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
    const look = watch();
    watchSeconds(look, 5, still);
    watchSeconds(look, 8, (frame) => ({ patches: [{ ...VISITOR, x: frame * 8 }] }));
    expect(watchSeconds(look, 10, still)).toEqual(Array(50).fill(NOTHING));
  });

  test("is two boxes when there are two, far apart", () => {
    const look = watch();
    watchSeconds(look, 2, still);
    expect(look({ patches: [VISITOR, { ...VISITOR, x: 300 }] }).boxes).toHaveLength(2);
  });

  test("is not seen behind a mask, and is seen when leaving it", () => {
    const look = watch({ mask: "0.3,0.3,0.6,0.3,0.6,0.9,0.3,0.9" });
    watchSeconds(look, 2, still);
    expect(look({ patches: [VISITOR] })).toEqual(NOTHING);
    expect(look({ patches: [{ ...VISITOR, x: 300 }] }).boxes).toHaveLength(1);
  });

  test("must be as large as contour_area and as different as threshold", () => {
    const speck: Patch = { ...VISITOR, width: 8, height: 8 };
    const faint: Patch = { x: 20, y: 100, width: 24, height: 30, brightness: 175 };
    for (const [settings, patch, boxes] of [
      [{ contour_area: 5 }, speck, 1],
      [{ contour_area: 50 }, speck, 0],
      [{ threshold: 10 }, faint, 1],
      [{ threshold: 60 }, faint, 0],
    ] as const) {
      const look = watch(settings);
      watchSeconds(look, 2, still);
      expect(look({ patches: [patch] }).boxes, JSON.stringify(settings)).toHaveLength(boxes);
    }
  });

  test("at dusk is seen with improved contrast only", () => {
    const dusk = (brightness: number) => 20 + brightness * 0.2;
    for (const improve_contrast of [true, false]) {
      const look = watch({ improve_contrast });
      watchSeconds(look, 2, () => ({ exposure: dusk }));
      const { boxes } = look({ exposure: dusk, patches: [{ ...VISITOR, brightness: 100 }] });
      expect(boxes, `improve_contrast: ${improve_contrast}`).toHaveLength(improve_contrast ? 1 : 0);
    }
  });
});

describe("what stays", () => {
  const car: Patch = { x: 200, y: 110, width: 90, height: 50, brightness: 30 };
  const seenAt = (motion: Motion) => motion.boxes.length > 0;

  test("is motion for some 20 seconds at 5 frames per second, and background then", () => {
    const look = watch();
    watchSeconds(look, 5, still);
    const parked = watchSeconds(look, 40, () => ({ patches: [car], noise: 3 }));
    expect(parked.slice(0, 90).every(seenAt)).toBe(true);
    expect(parked.slice(105).some(seenAt)).toBe(false);
  });

  test("is motion again when it leaves, and leaves no ghost", () => {
    const look = watch();
    watchSeconds(look, 30, still);
    watchSeconds(look, 40, () => ({ patches: [car], noise: 3 }));
    const leaving = watchSeconds(look, 2, (frame) => ({ patches: [{ ...car, x: 200 + frame * 20 }] }));
    expect(leaving.slice(1).every(seenAt)).toBe(true);
    expect(watchSeconds(look, 10, still).slice(5).some(seenAt)).toBe(false);
  });

  test("is motion as long as it sways: nobody becomes background by standing about", () => {
    const look = watch();
    watchSeconds(look, 30, still);
    const swaying = watchSeconds(look, 60, (frame) => {
      return { patches: [{ ...VISITOR, x: VISITOR.x + (Math.floor(frame / 5) % 4) * 16 }], noise: 3 };
    });
    expect(swaying.every(seenAt)).toBe(true);
    expect(watchSeconds(look, 10, still).slice(6).some(seenAt)).toBe(false);
  });
});

describe("light and noise are no motion", () => {
  test.each([1, 2, 3])("noise of 6 grey levels over slowly drifting light, seed %d", (seed) => {
    const look = watch({}, seed);
    const said = watchSeconds(look, 60, (frame) => ({
      noise: 6,
      exposure: (brightness) => brightness * (0.85 + 0.15 * Math.cos(frame / 40)) + frame / 25,
    }));
    expect(said.slice(5)).toEqual(Array(295).fill(NOTHING));
  });

  const changes: readonly [name: string, exposure: (brightness: number) => number][] = [
    ["a lamp is switched off", (brightness) => brightness * 0.5],
    ["the exposure doubles and clips", (brightness) => Math.min(brightness * 2, 255)],
    ["the contrast halves around the middle", (brightness) => 64 + brightness / 2],
    ["a curve bends the middle", (brightness) => 255 * (brightness / 255) ** 0.6],
    ["a curve lifts shadows and lowers lights", (level) => level + 25 * Math.cos((level - 50) / 45)],
    ["an infrared lamp turns the picture into another one", (brightness) => 240 - brightness * 0.8],
  ];
  test.each(changes)("when %s", (_, exposure) => {
    const look = watch();
    watchSeconds(look, 5, () => ({ noise: 4 }));
    const said = watchSeconds(look, 10, () => ({ exposure, noise: 4 }));
    expect(said.flatMap((motion) => motion.boxes)).toEqual([]);
    expect(said.slice(5).some((motion) => motion.calibrating)).toBe(false);
    // And back again.
    const back = watchSeconds(look, 10, () => ({ noise: 4 }));
    expect(back.flatMap((motion) => motion.boxes)).toEqual([]);
    expect(back.slice(5).some((motion) => motion.calibrating)).toBe(false);
    expect(look({ patches: [VISITOR] }).boxes).toHaveLength(1);
  });

  test("a flash of lightning makes the gate calibrate, and it is over in two seconds", () => {
    const look = watch();
    watchSeconds(look, 5, still);
    const flash = look({ exposure: (brightness) => Math.min(brightness + 120, 255) });
    expect(flash).toEqual({ boxes: [], calibrating: true });
    const after = watchSeconds(look, 4, still);
    expect(after.flatMap((motion) => motion.boxes)).toEqual([]);
    expect(after.slice(5)).toEqual(Array(15).fill(NOTHING));
  });

  test("an exposure that follows somebody into the picture hides nobody", () => {
    const look = watch();
    watchSeconds(look, 5, still);
    const said = watchSeconds(look, 8, (frame) => ({
      patches: [{ ...VISITOR, width: 60, x: frame * 8 - 40 }],
      exposure: (brightness) => brightness * (1 - Math.min(frame, 10) * 0.03),
      noise: 3,
    }));
    expect(said.slice(2).every((motion) => motion.boxes.length === 1)).toBe(true);
  });

  test("a van that covers most of the floor is seen though the light changes with it", () => {
    const van: Patch = { x: 60, y: 130, width: 280, height: 80, brightness: 20 };
    const look = watch();
    watchSeconds(look, 5, still);
    const dimmed = { patches: [van], exposure: (brightness: number) => brightness * 0.94 };
    const said = watchSeconds(look, 2, () => dimmed);
    for (const { boxes } of said) {
      expect(boxes).toHaveLength(1);
      const [x1 = 0, , x2 = 0] = boxes[0] ?? [];
      expect(x2 - x1).toBeGreaterThan(260);
    }
  });

  test("a night's noise, stretched fourfold, is no motion, and somebody in it is", () => {
    const night = { noise: 20, exposure: (brightness: number) => 60 + brightness * 0.1 };
    const look = watch();
    const said = watchSeconds(look, 40, () => night);
    expect(said.slice(60).flatMap(({ boxes }) => boxes)).toEqual([]);
    const lantern: Patch = { ...VISITOR, brightness: 1000 };
    expect(look({ ...night, patches: [lantern] }).boxes).toHaveLength(1);
  });

  test("a camera that trembles by a pixel sees no motion", () => {
    const look = watch();
    const said = watchSeconds(look, 20, (frame) => ({ tremor: frame % 2, noise: 4 }));
    expect(said.flatMap(({ boxes }) => boxes)).toEqual([]);
  });

  test("a camera that is turned to something else calibrates", () => {
    const look = watch();
    watchSeconds(look, 5, still);
    const elsewhere = Array.from({ length: 54 }, (_, tile): Patch => {
      const [x, y] = [(tile % 9) * 43, Math.floor(tile / 9) * 36];
      return { x, y, width: 43, height: 36, brightness: (tile * 89) % 256 };
    });
    const said = watchSeconds(look, 4, () => ({ patches: elsewhere }));
    expect(said[0]).toEqual({ boxes: [], calibrating: true });
    expect(said.slice(5)).toEqual(Array(15).fill(NOTHING));
  });

  test("a lens that is covered and uncovered gives no boxes while it is dark", () => {
    const look = watch();
    watchSeconds(look, 5, still);
    const dark = watchSeconds(look, 5, () => ({ exposure: () => 6, noise: 2 }));
    expect(dark[0]?.calibrating).toBe(true);
    expect(dark.flatMap((motion) => motion.boxes)).toEqual([]);
    expect(look()).toEqual({ boxes: [], calibrating: true });
  });
});

test("the same frames give the same answers", () => {
  const run = () => {
    const look = watch({}, 7);
    return watchSeconds(look, 12, (frame) => ({ noise: 5, patches: [{ ...VISITOR, x: frame * 5 }] }));
  };
  expect(run()).toEqual(run());
});

test("everything behind masks: nothing is ever said", () => {
  const look = watch({ mask: "0,0,1,0,1,1,0,1" });
  const said = watchSeconds(look, 4, (frame) => ({ patches: [{ ...VISITOR, x: frame * 8 }] }));
  expect(said.slice(5)).toEqual(Array(15).fill(NOTHING));
});
