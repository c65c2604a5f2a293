import type { EventMessage } from "../events/event.ts";

/** What was told of an object, in short. */
export interface EventSummary {
  /** Unix seconds. */
  readonly time: number;
  readonly type: EventMessage["type"];
  readonly id: string;
  readonly camera: string;
  readonly label: string;
  /** 0..1, its best so far. */
  readonly score: number;
  readonly zones: readonly string[];
}

/** Objects of one label that a camera has seen since the start. */
export interface ObjectsSeen {
  readonly camera: string;
  readonly label: string;
  readonly objects: number;
}

/** The latest events, and how many there were. */
export interface EventHistory {
  record(event: EventMessage): void;
  /** The newest first; of each object only what was told last. */
  latest(): readonly EventSummary[];
  seen(): readonly ObjectsSeen[];
}

/** @param limit how many objects to remember */
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
