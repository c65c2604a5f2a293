import { describe, expect, test } from "vitest";
import { type Pulses, takePulses, whileReading, whileWorking } from "../../../agent/health/pulse.ts";

function timed(): { pulses: Pulses; pass: (ms: number) => void } {
  let nowMs = 0;
  return {
    pulses: takePulses({ monotonicMs: () => nowMs }),
    pass(ms) {
      nowMs += ms;
    },
  };
}

async function* numbers() {
  yield* [1, 2, 3];
}

describe("a pulse", () => {
  test("is fine as long as its part gets on in time, and names it when it does not", () => {
    const { pulses, pass } = timed();
    const door = pulses.start("door");
    const yard = pulses.start("yard");
    door.expectWithin(100);
    yard.expectWithin(1000);
    pass(100);
    expect(pulses.stuck()).toEqual([]);
    pass(1);
    expect(pulses.stuck()).toEqual(["door"]);
    door.expectWithin(100);
    expect(pulses.stuck()).toEqual([]);
  });

  test("of a part that has nothing to do is never late", () => {
    const { pulses, pass } = timed();
    const part = pulses.start("part");
    pass(1e9);
    expect(pulses.stuck()).toEqual([]);
    part.expectWithin(10);
    part.rest();
    pass(1e9);
    expect(pulses.stuck()).toEqual([]);
  });
});

test("a source that stops delivering is stuck, one that has ended is not", async () => {
  const { pulses, pass } = timed();
  const items = whileReading(numbers(), pulses.start("reading"), 100);
  await items.next();
  pass(60);
  await items.next();
  pass(60);
  expect(pulses.stuck()).toEqual([]);
  pass(60);
  expect(pulses.stuck()).toEqual(["reading"]);
  await items.next();
  await items.next();
  pass(1000);
  expect(pulses.stuck()).toEqual([]);
});

test("whoever never finishes with an item is stuck, whoever waits for the next is not", async () => {
  const { pulses, pass } = timed();
  const never = new Promise<IteratorResult<number>>(() => {});
  let asked = 0;
  const source = { [Symbol.asyncIterator]: () => ({ next: () => (asked++ === 0 ? first : never) }) };
  const first = Promise.resolve({ done: false, value: 1 } as const);
  const items = whileWorking(source, pulses.start("working"), 100);
  await items.next();
  pass(101);
  expect(pulses.stuck()).toEqual(["working"]);
  void items.next();
  await Promise.resolve();
  pass(1e9);
  expect(pulses.stuck()).toEqual([]);
});
