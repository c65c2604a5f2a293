import type { EventMessage } from "../../events/event.ts";
import type { EventSummary } from "../page/protocol.ts";

/** The latest events and their snapshots. */
export interface EventHistory {
  /** Records an event. @returns the message for viewers */
  record(event: EventMessage): EventSummary;
  /** Replaces the snapshot (JPEG) of an object. @returns undefined if the object is not known */
  keepSnapshot(id: string, jpeg: Uint8Array): EventSummary | undefined;
  /** Whether an object is known, and has no snapshot yet or one that is at least a second old. */
  needsSnapshot(id: string): boolean;
  snapshot(id: string): Uint8Array | undefined;
  /** Oldest first. */
  all(): readonly EventSummary[];
}

/** The events are in memory: some 15 kB each, including the snapshot. */
const KEPT = 50;
/** An approaching object gets a better snapshot with every frame; one per second is enough. */
const SNAPSHOT_EVERY_MS = 1_000;

interface KeptEvent {
  readonly summary: EventSummary;
  readonly snapshot?: { readonly jpeg: Uint8Array; readonly timeMs: number };
}

/** Keeps the 50 latest events in the order of their start. */
export function eventHistory(nowMs: () => number): EventHistory {
  const events = new Map<string, KeptEvent>();
  return {
    record({ after }) {
      const before = events.get(after.id);
      const summary: EventSummary = {
        type: "event",
        id: after.id,
        camera: after.camera,
        label: after.label,
        topScore: after.top_score,
        startMs: after.start_time * 1000,
        endMs: after.end_time === null ? null : after.end_time * 1000,
        zones: after.entered_zones,
        still: after.stationary,
        snapshots: before?.summary.snapshots ?? 0,
      };
      events.set(after.id, { ...before, summary });
      const [oldest] = events.keys();
      if (events.size > KEPT && oldest !== undefined) events.delete(oldest);
      return summary;
    },
    keepSnapshot(id, jpeg) {
      const before = events.get(id);
      if (before === undefined) return undefined;
      const summary = { ...before.summary, snapshots: before.summary.snapshots + 1 };
      events.set(id, { summary, snapshot: { jpeg, timeMs: nowMs() } });
      return summary;
    },
    needsSnapshot(id) {
      const known = events.get(id);
      if (known === undefined) return false;
      return known.snapshot === undefined || nowMs() - known.snapshot.timeMs >= SNAPSHOT_EVERY_MS;
    },
    snapshot: (id) => events.get(id)?.snapshot?.jpeg,
    all: () => [...events.values()].map(({ summary }) => summary),
  };
}
