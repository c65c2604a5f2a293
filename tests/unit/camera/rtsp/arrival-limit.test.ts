import { expect, test } from "vitest";
import { arrivalLimit } from "../../../../agent/camera/rtsp/arrival-limit.ts";

test("a camera has failed ten seconds after its last frame, or two and a half intervals where they are longer", () => {
  const limit = arrivalLimit(0);
  expect(limit.failsAtMs()).toBe(10_000);
  limit.packet(5_000);
  limit.unit(5_000);
  expect(limit.failsAtMs()).toBe(17_500);
  for (let ms = 5_040; ms <= 60_000; ms += 40) limit.unit(ms);
  expect(limit.failsAtMs()).toBeCloseTo(70_000, -2);
});

test("frames that rarely become complete are not mistaken for frames that are far apart", () => {
  const limit = arrivalLimit(0);
  for (let ms = 40; ms <= 2_000; ms += 40) limit.unit(ms);
  for (let ms = 11_000; ms <= 182_000; ms += 9_000) limit.unit(ms);
  expect(limit.failsAtMs()).toBe(182_000 + 10_000);
});

test("before its first frame, a camera fails when its packets stop", () => {
  const limit = arrivalLimit(0);
  for (let ms = 100; ms <= 30_000; ms += 100) limit.packet(ms);
  expect(limit.failsAtMs()).toBe(40_000);
  expect(limit.failure()).toEqual({ missing: "packets", ms: 10_000 });
});

test("a camera whose packets complete no frame is not silent", () => {
  const limit = arrivalLimit(0);
  limit.packet(1_000);
  limit.unit(1_000);
  // The rest of a frame that never becomes complete.
  limit.packet(1_100);
  expect(limit.failure()).toEqual({ missing: "packets", ms: 10_000 });
  for (let ms = 1_200; ms < 11_000; ms += 100) limit.packet(ms);
  expect(limit.failure()).toEqual({ missing: "frames", ms: 10_000 });
});
