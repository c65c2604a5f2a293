import type { Clock } from "../base/clock.ts";

/** One part of the pipeline tells that it gets on. */
export interface Heartbeat {
  /** The part has just got on, and will again within so many milliseconds; or it is stuck. */
  expectNextWithin(ms: number): void;
  /** The part has nothing to do. */
  pause(): void;
}

/** The progress of all parts. */
export interface ProgressMonitor {
  /** @param part what to call it where it is stuck. */
  start(part: string): Heartbeat;
  /** The parts that are stuck: they have not got on as they said they would. */
  stuck(): readonly string[];
}

/**
 * Watches whether the parts of the pipeline get on. A part says for itself how long it may take, since a camera that is
 * off waits rightly while one that sends pictures must be looked at: a mere timer would be content with both.
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

/** Passes items on; from one to the next the source may take so long, and after the last it rests. */
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

/** Passes items on; until it asks for the next, whoever takes them may take so long. */
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
