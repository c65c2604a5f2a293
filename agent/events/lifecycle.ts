import { hasLeft } from "../tracking/leaving.ts";
import type { Track } from "../tracking/track.ts";
import { describeObject, type FrameContext } from "./describe.ts";
import type { Ending, EventMessage, ObjectEvent } from "./event.ts";
import { advanceZones, NO_ZONES, type ZoneHistory } from "./zones.ts";

/** The current and the last published description of each object in view, by the id of its track. */
export type Lifecycle = ReadonlyMap<number, KnownObject>;

export interface KnownObject {
  /** In the latest frame. */
  readonly now: ObjectEvent;
  readonly zones: ZoneHistory;
  /** In the last message about it; before `new`, in its first frame. */
  readonly published: ObjectEvent;
  /** When the last message was published; undefined before `new`. */
  readonly publishedMs: number | undefined;
  /** It went over the border of the frame and is no longer counted; the event ends unless it comes back at once. */
  readonly hasLeft: boolean;
}

export interface LifecycleStep {
  readonly lifecycle: Lifecycle;
  readonly messages: readonly EventMessage[];
}

/** Before the first frame. */
export const NO_OBJECTS: Lifecycle = new Map();

const MIN_BETWEEN_ZONES_LEFT_MS = 1_000;
const MIN_BETWEEN_UPDATES_MS = 5_000;
const MAX_BETWEEN_UPDATES_MS = 60_000;

/**
 * Turns the confirmed tracks of a frame into messages, by Frigate's rules:
 * - `new` when a track becomes a true positive;
 * - `update` at once when it enters a zone, becomes active or becomes stationary; within a second when it leaves a zone;
 *   at most every 5 s when it starts to move or a better frame of it arrives; and every 60 s;
 * - `end` when it is no longer among the tracks.
 *
 * A track that never was a true positive is not published. A stationary object remains one event: the event of a parked car
 * ends when the car has gone.
 * @param newId makes the id of an object that appeared at this Unix time in milliseconds.
 */
export function advanceLifecycle(
  lifecycle: Lifecycle,
  tracks: readonly Track[],
  timeMs: number,
  context: FrameContext,
  newId: (startTimeMs: number) => string,
): LifecycleStep {
  const next = new Map<number, KnownObject>();
  const messages: EventMessage[] = [];
  for (const track of tracks) {
    const known = lifecycle.get(track.id);
    const zones = advanceZones(known?.zones ?? NO_ZONES, track, context.zones, context);
    const now = describeObject(track, zones, context, known?.now, newId);
    const published = known?.published ?? { ...now, false_positive: true };
    const leaving = { hasLeft: hasLeft(track, context) };
    const type = messageDue(now, published, known?.publishedMs, timeMs, track.missed === 0);
    if (type === undefined) {
      next.set(track.id, { now, zones, published, publishedMs: known?.publishedMs, ...leaving });
    } else {
      const after = { ...now, revision: now.revision + 1 };
      messages.push({ type, before: published, after });
      next.set(track.id, { now: after, zones, published: after, publishedMs: timeMs, ...leaving });
    }
  }
  const gone = new Map([...lifecycle].filter(([id]) => !next.has(id)));
  return { lifecycle: next, messages: [...messages, ...endAll(gone, { reason: "gone" })] };
}

/** The published objects whose snapshots are due: they are new, or the frame of this time is their best so far. */
export function snapshotsDue(
  before: Lifecycle,
  lifecycle: Lifecycle,
  timeMs: number,
): readonly ObjectEvent[] {
  return [...lifecycle].flatMap(([id, { now, publishedMs }]) => {
    if (publishedMs === undefined) return [];
    const isNew = before.get(id)?.publishedMs === undefined;
    return isNew || now.snapshot?.frame_time === timeMs / 1000 ? [now] : [];
  });
}

/** The `end` messages of all objects that had a `new`. */
export function endAll(lifecycle: Lifecycle, ending: Ending): readonly EventMessage[] {
  return [...lifecycle.values()]
    .filter(({ publishedMs }) => publishedMs !== undefined)
    .map(({ now, published }) => ({
      type: "end",
      before: published,
      after: { ...now, end_time: now.frame_time, revision: now.revision + 1 },
      ...ending,
    }));
}

function messageDue(
  now: ObjectEvent,
  published: ObjectEvent,
  publishedMs: number | undefined,
  timeMs: number,
  isDetected: boolean,
): "new" | "update" | undefined {
  if (publishedMs === undefined) return now.false_positive ? undefined : "new";
  const sinceMs = timeMs - publishedMs;
  const isUrgent =
    now.active !== published.active || now.entered_zones.length > published.entered_zones.length;
  if (isUrgent || sinceMs >= MAX_BETWEEN_UPDATES_MS) return "update";
  if (now.current_zones.join() !== published.current_zones.join()) {
    return sinceMs >= MIN_BETWEEN_ZONES_LEFT_MS ? "update" : undefined;
  }
  const changed =
    now.position_changes !== published.position_changes ||
    now.snapshot?.frame_time !== published.snapshot?.frame_time;
  return changed && isDetected && sinceMs >= MIN_BETWEEN_UPDATES_MS ? "update" : undefined;
}
