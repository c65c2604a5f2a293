import type { Clock } from "../base/clock.ts";

/** Reports the progress of one part of the pipeline. */
export interface Heartbeat {
  /** Reports progress. The part counts as stuck if the next call takes longer than `ms`. */
  expectNextWithin(ms: number): void;
  /** Reports that the part is idle: it is not stuck until the next progress. */
  pause(): void;
}

/** Watches the heartbeats of all parts. */
export interface ProgressMonitor {
  /** @param part its name in reports */
  start(part: string): Heartbeat;
  /** The parts whose heartbeat is overdue. */
  stuck(): readonly string[];
}

/**
 * Watches the progress of the parts of the pipeline. Each part sets its own deadline: waiting is correct for a camera that
 * is off, but not for one whose frames have arrived. A single timer could not distinguish these cases.
 */
export function monitorProgress(clock: Pick<Clock, "monotonicMs">): ProgressMonitor {
  const dueMs = new Map<string, number>();
  return {
    start: (part) => ({
      expectNextWithin: (ms) => void dueMs.set(part, clock.monotonicMs() + ms),
      pause: () => void dueMs.delete(part),
    }),
    stuck() {
      const nowMs = clock.monotonicMs();
      return [...dueMs].filter(([, due]) => due < nowMs).map(([part]) => part);
    },
  };
}

/** Passes items on. The source may take `withinMs` from one item to the next; after its end it is idle. */
export async function* monitorSource<Item>(
  source: AsyncIterable<Item>,
  heartbeat: Heartbeat,
  withinMs: number,
): AsyncGenerator<Item, void> {
  try {
    for await (const item of source) {
      heartbeat.expectNextWithin(withinMs);
      yield item;
    }
  } finally {
    heartbeat.pause();
  }
}

/** Passes items on. The consumer may take `withinMs` from each item until it requests the next one. */
export async function* monitorConsumer<Item>(
  source: AsyncIterable<Item>,
  heartbeat: Heartbeat,
  withinMs: number,
): AsyncGenerator<Item, void> {
  try {
    for await (const item of source) {
      heartbeat.expectNextWithin(withinMs);
      yield item;
      heartbeat.pause();
    }
  } finally {
    heartbeat.pause();
  }
}
