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
  test("reports its part as stuck when it is overdue", () => {
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

  test("of an idle part is never overdue", () => {
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

test("reports a source that stops delivering as stuck, but not one that has ended", async () => {
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

test("reports a consumer that does not finish an item as stuck, but not one that waits for the next", async () => {
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
