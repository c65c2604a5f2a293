import { expect, test } from "vitest";
import { throttle } from "../../../agent/base/throttle.ts";
import { manualClock } from "../../support/time/manual-clock.ts";

function throttled() {
  const clock = manualClock();
  const stop = new AbortController();
  const done: string[] = [];
  const request = throttle<string>(
    { clock, firstMs: 1_000, longestMs: 4_000, signal: stop.signal },
    (value, replaced) => done.push(`${clock.monotonicMs()} ${value} ${replaced}`),
  );
  return { clock, stop, done, request };
}

test("runs the first request at once, and the newest later one after a pause", async () => {
  const { clock, done, request } = throttled();
  for (const value of ["a", "b", "c", "d"]) request(value);
  expect(done).toEqual(["0 a 0"]);
  await clock.pass(1_000);
  expect(done).toEqual(["0 a 0", "1000 d 2"]);
});

test("makes the pauses longer while requests continue, up to a limit", async () => {
  const { clock, done, request } = throttled();
  for (let ms = 0; ms < 15_000; ms += 100) {
    request("x");
    await clock.pass(100);
  }
  expect(done.map((line) => line.split(" ")[0])).toEqual(["0", "1000", "3000", "7000", "11000", "15000"]);
  await clock.pass(4_000);
  request("y");
  request("z");
  await clock.pass(1_000);
  expect(done.slice(-2)).toEqual(["19000 y 0", "20000 z 0"]);
});

test("runs the waiting request on abort, and none after it", async () => {
  const { clock, stop, done, request } = throttled();
  request("a");
  request("b");
  stop.abort();
  request("c");
  await clock.pass(0);
  request("d");
  await clock.pass(60_000);
  expect(done).toEqual(["0 a 0", "0 b 0"]);
});
