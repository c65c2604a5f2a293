import { expect, test } from "vitest";
import {
  clearUnproductive,
  isWorthDetecting,
  NO_UNPRODUCTIVE_MOTION,
  recordUnproductive,
} from "../../../agent/attention/unproductive-motion.ts";
import type { Box } from "../../../detectors/detector.ts";

const FRAME_MS = 200;
const BUSH: Box = [100, 100, 200, 180];

/** The times of the detection passes at a spot that always moves and never shows an object. */
function passesAt(spot: Box, untilMs: number): readonly number[] {
  let unproductive = NO_UNPRODUCTIVE_MOTION;
  const passes: number[] = [];
  for (let timeMs = 0; timeMs <= untilMs; timeMs += FRAME_MS) {
    if (!isWorthDetecting(unproductive, spot, timeMs, FRAME_MS)) continue;
    passes.push(timeMs);
    unproductive = recordUnproductive(unproductive, spot, timeMs);
  }
  return passes;
}

test("a bush in the wind is examined at growing intervals, up to a limit", () => {
  expect(passesAt(BUSH, 10_000)).toEqual([0, 200, 600, 1400, 3000, 5000, 7000, 9000]);
});

test("motion elsewhere is examined at once", () => {
  const unproductive = recordUnproductive(NO_UNPRODUCTIVE_MOTION, BUSH, 0);
  expect(isWorthDetecting(unproductive, [150, 150, 160, 160], 40, FRAME_MS)).toBe(false);
  expect(isWorthDetecting(unproductive, [400, 100, 450, 180], 40, FRAME_MS)).toBe(true);
  expect(isWorthDetecting(unproductive, [180, 100, 300, 180], 40, FRAME_MS)).toBe(true);
});

test("a spot where an object was found is examined at once again", () => {
  const unproductive = recordUnproductive(recordUnproductive(NO_UNPRODUCTIVE_MOTION, BUSH, 0), BUSH, 200);
  expect(isWorthDetecting(clearUnproductive(unproductive, BUSH), BUSH, 220, FRAME_MS)).toBe(true);
});

test("a spot without motion for half a minute is forgotten", () => {
  const unproductive = recordUnproductive(NO_UNPRODUCTIVE_MOTION, BUSH, 0);
  expect(recordUnproductive(unproductive, [500, 100, 600, 180], 31_000)).toHaveLength(1);
});
