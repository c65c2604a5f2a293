import { expect, test } from "vitest";
import { catchingUp } from "../../../agent/motion/catch-up.ts";
import type { Sighting } from "../../../agent/motion/watch-motion.ts";
import { greyFrame } from "../../support/camera/raw-frames.ts";

const PIXELS = 768 * 432;

function sighting(timeMs: number, moves = true): Sighting {
  const image = greyFrame(768, 432, new Uint8Array(PIXELS));
  const motion = { boxes: moves ? [[0, 0, 10, 10] as const] : [], calibrating: false };
  return { frame: { camera: "door", sequence: 0, timeMs, ...image }, motion };
}

/** A camera's frames as they arrive: whether each waits for the detector. */
function arrive(frames: readonly (readonly [nowMs: number, takenMs: number])[], waiting = 0, moves = true) {
  let nowMs = 0;
  const mustWait = catchingUp({ monotonicMs: () => nowMs });
  return frames.map(([at, takenMs]) => {
    nowMs = at;
    return mustWait(sighting(takenMs, moves), waiting);
  });
}

const keyFrame = [2000, 1_000_000] as const;
const burst = [0, 1, 2, 3, 4].map((index) => [3500 + index, 1_000_200 + index * 200] as const);

test("the frames of a burst wait, and live frames after it do not", () => {
  const live = [
    [3700, 1_001_200],
    [3900, 1_001_400],
  ] as const;
  expect(arrive([keyFrame, ...burst, ...live])).toEqual([false, false, true, true, true, true, false, false]);
});

test("frames that are always late do not wait", () => {
  const late = Array.from(
    { length: 50 },
    (_, index) => [5000 + index * 200, 1_000_000 + index * 200] as const,
  );
  expect(arrive(late).slice(1)).toEqual(Array(49).fill(false));
});

test("frames without motion do not wait, nor do more than fit into the memory", () => {
  expect(arrive([keyFrame, ...burst], 0, false)).toEqual(Array(6).fill(false));
  expect(arrive([keyFrame, ...burst], 32)).toContain(true);
  expect(arrive([keyFrame, ...burst], 33)).toEqual(Array(6).fill(false));
});
