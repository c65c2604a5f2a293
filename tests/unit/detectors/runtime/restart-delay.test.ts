import { expect, test } from "vitest";
import { restartDelayMs } from "../../../../detectors/runtime/restart-delay.ts";

test("after a first death an instance is started again at once", () => {
  expect(restartDelayMs(0, 1)).toBe(0);
});

test("while it keeps dying the delay doubles, up to half a minute", () => {
  const delays = [1, 2, 3, 4, 20].map((deaths) => restartDelayMs(deaths, 1));
  expect(delays).toEqual([250, 500, 1000, 2000, 30_000]);
});

test("chance shortens a delay by half at most, so that instances do not restart in step", () => {
  expect(restartDelayMs(3, 0)).toBe(500);
});
