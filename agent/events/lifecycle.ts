import type { Track } from "../tracking/track.ts";
import { describeObject, type Scene } from "./describe.ts";
import type { EndReason, EventMessage, ObjectEvent } from "./event.ts";
import { advanceZones, NO_ZONES, type ZoneHistory } from "./zones.ts";

/** What is known and what has been told of each object in view, by the id of its track. */
export type Lifecycle = ReadonlyMap<number, Known>;

interface Known {
  /** As of the latest frame. */
  readonly now: ObjectEvent;
  readonly zones: ZoneHistory;
  /** As of the last message about it, or of its first frame where there was none yet. */
  readonly told: ObjectEvent;
  /** When the last message was sent; undefined before `new`. */
  readonly toldAtMs: number | undefined;
}

export interface LifecycleStep {
  readonly lifecycle: Lifecycle;
  readonly messages: readonly EventMessage[];
}

/** Before the first frame. */
export const NOTHING_TOLD: Lifecycle = new Map();

const MIN_BETWEEN_ZONES_LEFT_MS = 1_000;
const MIN_BETWEEN_UPDATES_MS = 5_000;
const MAX_BETWEEN_UPDATES_MS = 60_000;

/**
 * Turns the confirmed tracks of one frame into messages, after Frigate's rules: `new` when a track first is a true
 * positive; `update` at once when it entered a zone or starts or stops being active, within a second when it left a zone,
 * at most every 5 s when it set out from its place or a better frame of it came, and every 60 s; `end` when it is no
 * longer among the tracks. Of a track that was never a true positive nothing is told.
 *
 * What is stationary stays one event for as long as it is there: a parked car ends when it has gone.
 * @param newId names an object that began at this Unix time in milliseconds.
 */
export function advanceLifecycle(
  lifecycle: Lifecycle,
  tracks: readonly Track[],
  timeMs: number,
  scene: Scene,
  newId: (startTimeMs: number) => string,
): LifecycleStep {
  const next = new Map<number, Known>();
  const messages: EventMessage[] = [];
  for (const track of tracks) {
    const known = lifecycle.get(track.id);
    const zones = advanceZones(known?.zones ?? NO_ZONES, track, scene.zones, scene);
    const now = describeObject(track, zones, scene, known?.now, newId);
    const told = known?.told ?? { ...now, false_positive: true };
    const type = messageDue(now, told, known?.toldAtMs, timeMs, track.missed === 0);
    if (type === undefined) {
      next.set(track.id, { now, zones, told, toldAtMs: known?.toldAtMs });
    } else {
      const after = { ...now, revision: now.revision + 1 };
      messages.push({ type, before: told, after });
      next.set(track.id, { now: after, zones, told: after, toldAtMs: timeMs });
    }
  }
  const gone = new Map([...lifecycle].filter(([id]) => !next.has(id)));
  return { lifecycle: next, messages: [...messages, ...endAll(gone, "gone")] };
}

/** The `end` of everything that had a `new`: the camera fell silent, or the agent stops. */
export function endAll(lifecycle: Lifecycle, reason: EndReason): readonly EventMessage[] {
  return [...lifecycle.values()]
    .filter(({ toldAtMs }) => toldAtMs !== undefined)
    .map(({ now, told }) => ({
      type: "end",
      before: told,
      after: { ...now, end_time: now.frame_time, revision: now.revision + 1 },
      reason,
    }));
}

function messageDue(
  now: ObjectEvent,
  told: ObjectEvent,
  toldAtMs: number | undefined,
  timeMs: number,
  isSeen: boolean,
): "new" | "update" | undefined {
  if (toldAtMs === undefined) return now.false_positive ? undefined : "new";
  const sinceMs = timeMs - toldAtMs;
  const isUrgent = now.active !== told.active || now.entered_zones.length > told.entered_zones.length;
  if (isUrgent || sinceMs >= MAX_BETWEEN_UPDATES_MS) return "update";
  if (now.current_zones.join() !== told.current_zones.join()) {
    return sinceMs >= MIN_BETWEEN_ZONES_LEFT_MS ? "update" : undefined;
  }
  const changed =
    now.position_changes !== told.position_changes || now.snapshot?.frame_time !== told.snapshot?.frame_time;
  return changed && isSeen && sinceMs >= MIN_BETWEEN_UPDATES_MS ? "update" : undefined;
}
