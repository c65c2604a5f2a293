import type { Clock } from "../base/clock.ts";
import type { HistoryStore, RemovedEvent } from "./history-store.ts";
import { StoreError } from "./message-store.ts";
import type { ResilientHistory } from "./resilient-history.ts";

/** The limits of the history. */
export interface HistoryLimits {
  readonly retainDays: number;
  /** Of the database and the pictures, megabytes of 1,000,000 bytes. */
  readonly maxMb: number;
}

export interface RetentionDependencies {
  readonly history: ResilientHistory;
  /** Bytes of all stored pictures. */
  readonly pictureBytes: () => number;
  /** Ids of the events that go on. */
  readonly open: () => ReadonlySet<string>;
  readonly onRemoved: (removed: readonly RemovedEvent[]) => Promise<void>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const DAY_MS = 86_400_000;
/** One step takes a few milliseconds. Between two steps the cameras get their turn. */
const EVENTS_AT_ONCE = 50;
const BETWEEN_STEPS_MS = 100;
const EVERY_MS = 10_000;
/** The most that the database grows until the next step. */
const GROWTH_BYTES = 1_000_000;
/** For SQLite's log and for growth. */
const RESERVED_BYTES = 1_100_000 + GROWTH_BYTES;

/** Keeps the history within its limits until the signal is aborted, in small steps. Never fails. */
export async function keepWithinLimits(
  limits: HistoryLimits,
  { history, pictureBytes, open, onRemoved, clock, signal }: RetentionDependencies,
): Promise<void> {
  while (!signal.aborted) {
    let isDone = true;
    try {
      const oldestMs = clock.nowMs() - limits.retainDays * DAY_MS;
      const mostBytes = limits.maxMb * 1e6 - RESERVED_BYTES - pictureBytes();
      const step = await history.use((store) => takeStep(store, oldestMs, mostBytes, open()));
      await onRemoved(step.removed);
      isDone = step.isDone;
    } catch (error) {
      // Reported by the history, which is tried again later.
      if (!(error instanceof StoreError)) throw error;
    }
    await clock.sleep(isDone ? EVERY_MS : BETWEEN_STEPS_MS, signal);
  }
}

/**
 * Removes what is too old, else what is too much. New events fill the empty part of the file, so that the file is far above
 * the limit only after the user has lowered the limit; then it is shrunk once.
 */
function takeStep(
  store: HistoryStore,
  oldestMs: number,
  mostBytes: number,
  open: ReadonlySet<string>,
): { readonly removed: readonly RemovedEvent[]; readonly isDone: boolean } {
  const expired = store.removeOldest(oldestMs, open, EVENTS_AT_ONCE);
  if (expired.length > 0) return { removed: expired, isDone: false };
  const { file, empty } = store.size();
  if (file <= mostBytes) return { removed: [], isDone: true };
  const removed = file - empty <= mostBytes ? [] : store.removeOldest(undefined, open, EVENTS_AT_ONCE);
  if (removed.length === 0 && file > mostBytes + GROWTH_BYTES) store.shrink();
  return { removed, isDone: removed.length === 0 };
}
