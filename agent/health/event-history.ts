import type { EventMessage } from "../events/event.ts";

/** A short form of a published event. */
export interface EventSummary {
  /** Unix seconds. */
  readonly time: number;
  readonly type: EventMessage["type"];
  readonly id: string;
  readonly camera: string;
  readonly label: string;
  /** The highest so far, 0..1. */
  readonly score: number;
  readonly zones: readonly string[];
}

/** The number of objects of one label that a camera has reported since the start. */
export interface ObjectsSeen {
  readonly camera: string;
  readonly label: string;
  readonly objects: number;
}

/** The latest events, and the number of objects. */
export interface EventHistory {
  record(event: EventMessage): void;
  /** The last event of each object, newest first. */
  latest(): readonly EventSummary[];
  seen(): readonly ObjectsSeen[];
}

/**
 * Creates an empty history.
 * @param limit the number of objects in `latest`
 */
export function recordEvents(limit: number): EventHistory {
  let latest: readonly EventSummary[] = [];
  const seen = new Map<string, ObjectsSeen>();
  return {
    record({ type, after }) {
      const { id, camera, label, frame_time: time, top_score: score, current_zones: zones } = after;
      const others = latest.filter((event) => event.id !== id);
      latest = [{ time, type, id, camera, label, score, zones }, ...others].slice(0, limit);
      if (type !== "new") return;
      const key = `${camera} ${label}`;
      seen.set(key, { camera, label, objects: (seen.get(key)?.objects ?? 0) + 1 });
    },
    latest: () => latest,
    seen: () => [...seen.values()],
  };
}
