import { expect, test } from "vitest";
import { connectionQuality, trackAvailability } from "../../../agent/health/stream-availability.ts";
import { manualClock } from "../../support/time/manual-clock.ts";

test("counts the reconnects of the last hour, but not the first connection", async () => {
  const clock = manualClock();
  const availability = trackAvailability(clock);
  availability.setStatus("offline");
  availability.setStatus("online");
  expect(availability.reconnectsLastHour()).toBe(0);
  availability.setStatus("offline");
  expect(availability.isOnline()).toBe(false);
  availability.setStatus("online");
  await clock.pass(1_800_000);
  availability.setStatus("offline");
  availability.setStatus("online");
  expect(availability.reconnectsLastHour()).toBe(2);
  await clock.pass(1_800_000);
  expect(availability.reconnectsLastHour()).toBe(1);
  expect(availability.isOnline()).toBe(true);
});

test.each([
  ["excellent", true, 5, 0],
  ["fair", true, 3.5, 0],
  ["fair", true, 5, 3],
  ["poor", true, 2, 0],
  ["poor", true, 5, 11],
  ["unusable", true, 0.2, 0],
  ["unusable", true, 5, 31],
  ["unusable", false, 5, 0],
] as const)(
  "rates a stream as %s when online is %s, with %f of 5 fps and %i reconnects in an hour",
  (quality, online, fps, reconnects) => {
    expect(connectionQuality(online, fps, 5, reconnects)).toBe(quality);
  },
);
