import { expect, test } from "vitest";
import { connectionQuality, trackAvailability } from "../../../agent/health/stream-availability.ts";
import { handClock } from "../../support/hand-clock.ts";

test("a camera that comes back is counted for an hour; its first pictures are no return", async () => {
  const clock = handClock();
  const connection = trackAvailability(clock);
  connection.become("offline");
  connection.become("online");
  expect(connection.reconnectsLastHour()).toBe(0);
  connection.become("offline");
  expect(connection.isOnline()).toBe(false);
  connection.become("online");
  await clock.pass(1_800_000);
  connection.become("offline");
  connection.become("online");
  expect(connection.reconnectsLastHour()).toBe(2);
  await clock.pass(1_800_000);
  expect(connection.reconnectsLastHour()).toBe(1);
  expect(connection.isOnline()).toBe(true);
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
  "a stream is %s when online is %s, with %f of 5 fps and %i reconnects in an hour",
  (quality, online, fps, reconnects) => {
    expect(connectionQuality(online, fps, 5, reconnects)).toBe(quality);
  },
);
