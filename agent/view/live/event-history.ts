import type { EventMessage } from "../../events/event.ts";
import type { EventSummary } from "../page/protocol.ts";

/** The latest events and their pictures. */
export interface EventHistory {
  /** Takes in what happened, and says how to tell it. */
  tell(event: EventMessage): EventSummary;
  /** Keeps a picture (JPEG) of an object, in place of an earlier one; undefined where the object is not known. */
  keepSnapshot(id: string, jpeg: Uint8Array): EventSummary | undefined;
  /** Whether an object is told of, and has no picture yet or one that has had its time. */
  needsSnapshot(id: string): boolean;
  picture(id: string): Uint8Array | undefined;
  /** Oldest first. */
  all(): readonly EventSummary[];
}

/** In memory, and no more than these: some 15 kB each with its picture. */
const KEPT = 50;
/** What comes nearer looks better from frame to frame; one picture a second is enough of it. */
const PICTURE_EVERY_MS = 1_000;

interface Kept {
  readonly news: EventSummary;
  readonly picture?: { readonly jpeg: Uint8Array; readonly timeMs: number };
}

/** Remembers the 50 latest events, in the order in which they began. */
export function eventHistory(nowMs: () => number): EventHistory {
  const events = new Map<string, Kept>();
  return {
    tell({ after }) {
      const before = events.get(after.id);
      const news: EventSummary = {
        type: "event",
        id: after.id,
        camera: after.camera,
        label: after.label,
        topScore: after.top_score,
        startMs: after.start_time * 1000,
        endMs: after.end_time === null ? null : after.end_time * 1000,
        zones: after.entered_zones,
        still: after.stationary,
        picture: before?.news.picture ?? 0,
      };
      events.set(after.id, { ...before, news });
      const [oldest] = events.keys();
      if (events.size > KEPT && oldest !== undefined) events.delete(oldest);
      return news;
    },
    keepSnapshot(id, jpeg) {
      const before = events.get(id);
      if (before === undefined) return undefined;
      const news = { ...before.news, picture: before.news.picture + 1 };
      events.set(id, { news, picture: { jpeg, timeMs: nowMs() } });
      return news;
    },
    needsSnapshot(id) {
      const known = events.get(id);
      if (known === undefined) return false;
      return known.picture === undefined || nowMs() - known.picture.timeMs >= PICTURE_EVERY_MS;
    },
    picture: (id) => events.get(id)?.picture?.jpeg,
    all: () => [...events.values()].map(({ news }) => news),
  };
}
