import { expect, test } from "vitest";
import type { Clock } from "../../../agent/base/clock.ts";
import { IDLE, withIdleTimeout } from "../../../agent/base/idle-timeout.ts";
import { manualClock } from "../../support/time/manual-clock.ts";

test("a stream that pauses yields one IDLE, then continues", async () => {
  const { clock, passTime } = standingClock();
  const gate = Promise.withResolvers<void>();
  async function* source() {
    yield "a";
    await gate.promise;
    yield "b";
  }
  const silences = [5000, 5000, 0];
  const items = withIdleTimeout(source(), () => silences.shift() ?? 5000, clock);
  expect(await items.next()).toEqual({ done: false, value: "a" });
  const waiting = items.next();
  passTime();
  expect(await waiting).toEqual({ done: false, value: IDLE });
  gate.resolve();
  expect(await items.next()).toEqual({ done: false, value: "b" });
  expect((await items.next()).done).toBe(true);
});

test("a source whose items are rare is not idle as long as something arrives", async () => {
  const clock = manualClock();
  let arrivedMs = 0;
  const gate = Promise.withResolvers<void>();
  async function* source() {
    await gate.promise;
    yield "a";
    await new Promise(() => {});
  }
  const items = withIdleTimeout(source(), () => arrivedMs + 5000 - clock.monotonicMs(), clock);
  const found: unknown[] = [];
  void items.next().then(({ value }) => found.push(value));
  for (let second = 0; second < 30; second++) {
    await clock.pass(1000);
    arrivedMs = clock.monotonicMs();
  }
  await clock.pass(4000);
  expect(found).toEqual([]);
  await clock.pass(1000);
  expect(found).toEqual([IDLE]);
  void items.next().then(({ value }) => found.push(value));
  gate.resolve();
  await clock.pass(60_000);
  expect(found).toEqual([IDLE, "a"]);
});

test("an interrupted source is idle at once if it is already silent, otherwise as soon as it falls silent", async () => {
  const clock = manualClock();
  let silentInMs = 5000;
  let interruption = new AbortController();
  async function* source() {
    await new Promise(() => {});
    yield "a";
  }
  const items = withIdleTimeout(
    source(),
    () => silentInMs,
    clock,
    () => interruption.signal,
  );
  const found: unknown[] = [];
  void items.next().then(({ value }) => found.push(value));
  const interrupt = async () => {
    const before = interruption;
    interruption = new AbortController();
    before.abort();
    await clock.pass(0);
  };
  await clock.pass(1000);
  await interrupt();
  expect(found).toEqual([]);
  silentInMs = 0;
  await interrupt();
  expect(found).toEqual([IDLE]);
});

test("an item that waits while the source is silent comes first", async () => {
  const { clock } = standingClock();
  async function* source() {
    yield "a";
  }
  const items = withIdleTimeout(source(), () => -1, clock);
  expect(await items.next()).toEqual({ done: false, value: "a" });
});

test("a steady stream yields no IDLE and passes its error on", async () => {
  const { clock } = standingClock();
  async function* source() {
    yield 1;
    yield 2;
    throw new Error("broken");
  }
  const seen: unknown[] = [];
  const reading = async () => {
    for await (const item of withIdleTimeout(source(), () => 5000, clock)) seen.push(item);
  };
  await expect(reading()).rejects.toThrow("broken");
  expect(seen).toEqual([1, 2]);
});

test("leaving the loop closes the source", async () => {
  const { clock } = standingClock();
  let closed = false;
  async function* source() {
    try {
      while (true) yield 1;
    } finally {
      closed = true;
    }
  }
  for await (const _ of withIdleTimeout(source(), () => 5000, clock)) break;
  expect(closed).toBe(true);
});

/** A clock that stands still; every sleeper wakes on request. */
function standingClock(): { clock: Clock; passTime: () => void } {
  const sleepers = new Set<() => void>();
  const clock: Clock = {
    nowMs: () => 0,
    monotonicMs: () => 0,
    sleep: (_ms, signal) =>
      new Promise((resolve) => {
        sleepers.add(resolve);
        signal?.addEventListener("abort", () => resolve(), { once: true });
      }),
  };
  return {
    clock,
    passTime: () => {
      for (const wake of sleepers) wake();
    },
  };
}
