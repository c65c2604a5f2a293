import type { EventsReply } from "./history-protocol.ts";
import type { EventSummary } from "./protocol.ts";

/** Tells which of the agent's messages change the history: an event begins, enters a zone, or ends. */
export function eventChanges() {
  const seen = new Map<string, string>();
  return {
    isNew({ id, endMs, zones }: EventSummary): boolean {
      const state = `${endMs} ${zones.length}`;
      if (seen.get(id) === state) return false;
      seen.delete(id);
      seen.set(id, state);
      const [oldest] = seen.keys();
      if (seen.size > MOST_KNOWN && oldest !== undefined) seen.delete(oldest);
      return true;
    },
  };
}

/** More than the agent repeats after a new connection. */
const MOST_KNOWN = 200;

/**
 * The events of a day, newest first, with its newest page loaded again.
 * @param known the pages that are loaded
 */
export function withNewest(known: EventsReply, newest: EventsReply): EventsReply {
  const ids = new Set(newest.events.map(({ id }) => id));
  const last = known.events.findLastIndex(({ id }) => ids.has(id));
  // Without a common event there may be others in between, which the next page contains.
  return last < 0 || newest.next === null
    ? newest
    : { events: [...newest.events, ...known.events.slice(last + 1)], next: known.next };
}

/** Calls `work` once, so many milliseconds after the first of several calls. */
export function delayed(work: () => void, ms: number): () => void {
  let isWaiting = false;
  return () => {
    if (isWaiting) return;
    isWaiting = true;
    setTimeout(() => {
      isWaiting = false;
      work();
    }, ms);
  };
}
