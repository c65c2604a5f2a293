import { expect, test } from "vitest";
import { type Arrivals, watchArrivals } from "../../../agent/camera/arrivals.ts";
import { type ManualClock, manualClock } from "../../support/time/manual-clock.ts";

async function arrive(arrivals: Arrivals, clock: ManualClock, count: number, everyMs: number) {
  for (let unit = 0; unit < count; unit++) {
    await clock.pass(everyMs);
    arrivals.record();
  }
}

test("a camera is silent once nothing has arrived for the configured time", async () => {
  const clock = manualClock();
  const arrivals = watchArrivals(() => 5000, clock);
  expect(arrivals.silentInMs()).toBe(5000);
  await arrive(arrivals, clock, 50, 40);
  expect(arrivals.count()).toBe(50);
  expect(arrivals.silentInMs()).toBe(5000);
  await clock.pass(4999);
  expect(arrivals.silentInMs()).toBe(1);
  await clock.pass(1);
  expect(arrivals.silentInMs()).toBe(0);
});

test("a camera of 0.2 frames per second may be silent for two and a half intervals", async () => {
  const clock = manualClock();
  const arrivals = watchArrivals(() => 5000, clock);
  await arrive(arrivals, clock, 3, 5000);
  expect(arrivals.silentInMs()).toBe(12_500);
});

test("an outage does not lengthen the silence that counts", async () => {
  const clock = manualClock();
  const arrivals = watchArrivals(() => 5000, clock);
  await arrive(arrivals, clock, 50, 40);
  await arrive(arrivals, clock, 1, 600_000);
  expect(arrivals.silentInMs()).toBe(5000);
});

test("the time before the first access unit is no interval", async () => {
  const clock = manualClock();
  const arrivals = watchArrivals(() => 5000, clock);
  await arrive(arrivals, clock, 1, 30_000);
  expect(arrivals.silentInMs()).toBe(5000);
});
