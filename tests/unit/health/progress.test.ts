import { describe, expect, test } from "vitest";
import {
  monitorConsumer,
  monitorProgress,
  monitorSource,
  type ProgressMonitor,
} from "../../../agent/health/progress.ts";

function timed(): { progress: ProgressMonitor; pass: (ms: number) => void } {
  let nowMs = 0;
  return {
    progress: monitorProgress({ monotonicMs: () => nowMs }),
    pass(ms) {
      nowMs += ms;
    },
  };
}

async function* numbers() {
  yield* [1, 2, 3];
}

describe("a heartbeat", () => {
  test("is fine as long as its part gets on in time, and names it when it does not", () => {
    const { progress, pass } = timed();
    const door = progress.start("door");
    const yard = progress.start("yard");
    door.expectNextWithin(100);
    yard.expectNextWithin(1000);
    pass(100);
    expect(progress.stuck()).toEqual([]);
    pass(1);
    expect(progress.stuck()).toEqual(["door"]);
    door.expectNextWithin(100);
    expect(progress.stuck()).toEqual([]);
  });

  test("of a part that has nothing to do is never late", () => {
    const { progress, pass } = timed();
    const part = progress.start("part");
    pass(1e9);
    expect(progress.stuck()).toEqual([]);
    part.expectNextWithin(10);
    part.pause();
    pass(1e9);
    expect(progress.stuck()).toEqual([]);
  });
});

test("a source that stops delivering is stuck, one that has ended is not", async () => {
  const { progress, pass } = timed();
  const items = monitorSource(numbers(), progress.start("reading"), 100);
  await items.next();
  pass(60);
  await items.next();
  pass(60);
  expect(progress.stuck()).toEqual([]);
  pass(60);
  expect(progress.stuck()).toEqual(["reading"]);
  await items.next();
  await items.next();
  pass(1000);
  expect(progress.stuck()).toEqual([]);
});

test("whoever never finishes with an item is stuck, whoever waits for the next is not", async () => {
  const { progress, pass } = timed();
  const never = new Promise<IteratorResult<number>>(() => {});
  let asked = 0;
  const source = { [Symbol.asyncIterator]: () => ({ next: () => (asked++ === 0 ? first : never) }) };
  const first = Promise.resolve({ done: false, value: 1 } as const);
  const items = monitorConsumer(source, progress.start("working"), 100);
  await items.next();
  pass(101);
  expect(progress.stuck()).toEqual(["working"]);
  void items.next();
  await Promise.resolve();
  pass(1e9);
  expect(progress.stuck()).toEqual([]);
});
