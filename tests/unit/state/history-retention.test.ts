import { describe, expect, test } from "vitest";
import { keepWithinLimits } from "../../../agent/state/history-retention.ts";
import type { HistoryStore, RemovedEvent } from "../../../agent/state/history-store.ts";
import { StoreError } from "../../../agent/state/message-store.ts";
import type { ResilientHistory } from "../../../agent/state/resilient-history.ts";
import { manualClock } from "../../support/time/manual-clock.ts";

const DAY_MS = 86_400_000;
const PARKED = "1-parked";

interface Stored {
  /** Bytes of the file, and of its empty part. */
  readonly file?: number;
  readonly empty?: number;
  readonly pictures?: number;
  readonly expired?: readonly RemovedEvent[];
  readonly failure?: Error;
}

/** Takes one step of the retention, with limits of 10 MB and 14 days and an event in progress. */
async function step({ file = 1e6, empty = 0, pictures = 0, expired = [], failure }: Stored) {
  const calls: string[] = [];
  const removed: RemovedEvent[] = [];
  const clock = manualClock();
  const stop = new AbortController();
  const store: Pick<HistoryStore, "removeOldest" | "size" | "shrink"> = {
    removeOldest(before, kept, limit) {
      const days = before === undefined ? undefined : (clock.nowMs() - before) / DAY_MS;
      calls.push(
        `at most ${limit} ${days === undefined ? "of any age" : `before ${days} days`}, not ${[...kept]}`,
      );
      return days === undefined ? [] : expired;
    },
    size: () => ({ file, empty }),
    shrink: () => void calls.push("shrink"),
  };
  const history: Pick<ResilientHistory, "use"> = {
    async use(work) {
      if (failure !== undefined) throw failure;
      return work(store as HistoryStore);
    },
  };
  const running = keepWithinLimits(
    { retainDays: 14, maxMb: 10 },
    {
      history: history as ResilientHistory,
      pictureBytes: () => pictures,
      open: () => new Set([PARKED]),
      onRemoved: async (events) => void removed.push(...events),
      clock,
      signal: stop.signal,
    },
  );
  // A failure is awaited from its beginning.
  const [[ended]] = await Promise.all([
    Promise.allSettled([running]),
    clock.pass(0).then(() => stop.abort()),
  ]);
  if (ended.status === "rejected") throw ended.reason;
  return { calls, removed };
}

describe("the retention of the history", () => {
  const OLD = `at most 50 before 14 days, not ${PARKED}`;
  const ANY = `at most 50 of any age, not ${PARKED}`;

  test("removes events that are too old, then the oldest above the size limit, but none in progress", async () => {
    const expired = [{ id: "0-old", pictureBytes: 4 }];
    expect(await step({ file: 20e6, expired })).toEqual({ calls: [OLD], removed: expired });
    expect((await step({})).calls).toEqual([OLD]);
    expect((await step({ file: 8.5e6 })).calls).toEqual([OLD, ANY]);
  });

  test("counts the pictures, and reserves space for data written in the meantime", async () => {
    expect((await step({ file: 7.8e6 })).calls).toEqual([OLD]);
    expect((await step({ file: 2.5e6, pictures: 6e6 })).calls).toEqual([OLD, ANY]);
  });

  test("fills the empty part of the file, and shrinks the file only far above the limit", async () => {
    expect((await step({ file: 8.5e6, empty: 2e6 })).calls).toEqual([OLD]);
    expect((await step({ file: 20e6, empty: 18e6 })).calls).toEqual([OLD, "shrink"]);
  });

  test("tries again later if the disk fails, and does not hide a bug", async () => {
    expect((await step({ failure: new StoreError("unusable", "the disk is full") })).removed).toEqual([]);
    await expect(step({ failure: new TypeError("a bug") })).rejects.toThrow("a bug");
  });
});
