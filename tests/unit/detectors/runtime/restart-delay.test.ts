import { expect, test } from "vitest";
import { restartDelayMs } from "../../../../detectors/runtime/restart-delay.ts";

test("restarts an instance immediately after its first failure", () => {
  expect(restartDelayMs(0, 1)).toBe(0);
});

test("doubles the delay with each failure in a row, up to 30 s", () => {
  const delays = [1, 2, 3, 4, 20].map((failures) => restartDelayMs(failures, 1));
  expect(delays).toEqual([250, 500, 1000, 2000, 30_000]);
});

test("shortens a delay randomly by half at most, so that instances do not restart at the same time", () => {
  expect(restartDelayMs(3, 0)).toBe(500);
});
