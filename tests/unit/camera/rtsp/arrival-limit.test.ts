import { expect, test } from "vitest";
import { arrivalLimit } from "../../../../agent/camera/rtsp/arrival-limit.ts";

test("a camera counts as silent after ten seconds, or three times its longest interval, up to a minute", () => {
  const limit = arrivalLimit(0);
  expect(limit.silentAtMs()).toBe(10_000);
  limit.note(1_000);
  expect(limit.silentAtMs()).toBe(11_000);
  limit.note(6_000);
  expect(limit.limitMs()).toBe(15_000);
  for (let ms = 6_040; ms < 60_000; ms += 40) limit.note(ms);
  expect(limit.limitMs()).toBe(15_000);
  limit.note(90_000);
  expect(limit.silentAtMs()).toBe(150_000);
});

test("a long interval is forgotten after ten minutes", () => {
  const limit = arrivalLimit(0);
  limit.note(9_000);
  expect(limit.limitMs()).toBe(27_000);
  for (let ms = 13_000; ms < 620_000; ms += 4_000) limit.note(ms);
  expect(limit.limitMs()).toBe(12_000);
});
