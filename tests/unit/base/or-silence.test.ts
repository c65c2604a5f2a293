import { expect, test } from "vitest";
import type { Clock } from "../../../agent/base/clock.ts";
import { orSilence, SILENCE } from "../../../agent/base/or-silence.ts";

test("a stream that pauses for long shows one silence, then goes on", async () => {
  const { clock, passTime } = handTurnedClock();
  const gate = Promise.withResolvers<void>();
  async function* source() {
    yield "a";
    await gate.promise;
    yield "b";
  }
  const items = orSilence(source(), 5000, clock);
  expect(await items.next()).toEqual({ done: false, value: "a" });
  const waiting = items.next();
  passTime();
  expect(await waiting).toEqual({ done: false, value: SILENCE });
  gate.resolve();
  expect(await items.next()).toEqual({ done: false, value: "b" });
  expect((await items.next()).done).toBe(true);
});

test("a stream that keeps going shows no silence and hands its error on", async () => {
  const { clock } = handTurnedClock();
  async function* source() {
    yield 1;
    yield 2;
    throw new Error("broken");
  }
  const seen: unknown[] = [];
  const reading = async () => {
    for await (const item of orSilence(source(), 5000, clock)) seen.push(item);
  };
  await expect(reading()).rejects.toThrow("broken");
  expect(seen).toEqual([1, 2]);
});

test("leaving the loop closes the source", async () => {
  const { clock } = handTurnedClock();
  let closed = false;
  async function* source() {
    try {
      while (true) yield 1;
    } finally {
      closed = true;
    }
  }
  for await (const _ of orSilence(source(), 5000, clock)) break;
  expect(closed).toBe(true);
});

/** A clock on which time passes only by hand: then every sleeper wakes. */
function handTurnedClock(): { clock: Clock; passTime: () => void } {
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
