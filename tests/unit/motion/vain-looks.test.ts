import { expect, test } from "vitest";
import {
  forgetVainLooks,
  isWorthALook,
  NO_VAIN_LOOKS,
  rememberVainLook,
} from "../../../agent/motion/vain-looks.ts";
import type { Box } from "../../../detectors/detector.ts";

const FRAME_MS = 200;
const BUSH: Box = [100, 100, 200, 180];

/** The times at which a place that always moves is looked at, always in vain. */
function looksAt(place: Box, untilMs: number): readonly number[] {
  let vain = NO_VAIN_LOOKS;
  const looks: number[] = [];
  for (let timeMs = 0; timeMs <= untilMs; timeMs += FRAME_MS) {
    if (!isWorthALook(vain, place, timeMs, FRAME_MS)) continue;
    looks.push(timeMs);
    vain = rememberVainLook(vain, place, timeMs);
  }
  return looks;
}

test("a bush in the wind is looked at ever less often, but never quite forgotten", () => {
  expect(looksAt(BUSH, 10_000)).toEqual([0, 200, 600, 1400, 3000, 5000, 7000, 9000]);
});

test("something that moves elsewhere is looked at at once", () => {
  const vain = rememberVainLook(NO_VAIN_LOOKS, BUSH, 0);
  expect(isWorthALook(vain, [150, 150, 160, 160], 40, FRAME_MS)).toBe(false);
  expect(isWorthALook(vain, [400, 100, 450, 180], 40, FRAME_MS)).toBe(true);
  expect(isWorthALook(vain, [180, 100, 300, 180], 40, FRAME_MS)).toBe(true);
});

test("what turns out to be something after all makes its place worth looking at again", () => {
  const vain = rememberVainLook(rememberVainLook(NO_VAIN_LOOKS, BUSH, 0), BUSH, 200);
  expect(isWorthALook(forgetVainLooks(vain, BUSH), BUSH, 220, FRAME_MS)).toBe(true);
});

test("a place that kept still for half a minute starts afresh", () => {
  const vain = rememberVainLook(NO_VAIN_LOOKS, BUSH, 0);
  expect(rememberVainLook(vain, [500, 100, 600, 180], 31_000)).toHaveLength(1);
});
