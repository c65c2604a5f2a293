import type { Size } from "../base/box.ts";
import type { ZoneConfig } from "../config/schema.ts";
import { hasShape, standsOn } from "../tracking/object-filter.ts";
import { medianScore } from "../tracking/score-history.ts";
import type { Track } from "../tracking/track.ts";

/** Whether an object is in a zone. */
interface ZonePresence {
  /** Whether it was inside when last detected, in how many consecutive detections, and since when. */
  readonly inside: boolean;
  readonly detections: number;
  readonly sinceMs: number;
  /** Inside for long enough to count. */
  readonly present: boolean;
}

/** An object's presence in the zones of its camera. */
export interface ZoneHistory {
  readonly presences: ReadonlyMap<string, ZonePresence>;
  /** In the order in which it entered them, each once. */
  readonly entered: readonly string[];
}

/** Before the object's first frame. */
export const NO_ZONES: ZoneHistory = { presences: new Map(), entered: [] };

/**
 * Follows an object through the zones of its camera, by the bottom centre of its box.
 *
 * An object enters a zone once it was detected inside `inertia` times in a row and has been inside for `loitering_time`.
 * It leaves the zone once it was detected outside `inertia` times in a row. This is Frigate's rule, but with inertia in both
 * directions, so that a box that jitters on a border does not enter and leave repeatedly. While the object is not detected,
 * it counts as being where it was.
 */
export function advanceZones(
  history: ZoneHistory,
  track: Track,
  zones: readonly ZoneConfig[],
  frame: Size,
): ZoneHistory {
  const presences = new Map(
    zones.map((zone) => {
      const before = history.presences.get(zone.name);
      return [zone.name, advancePresence(before, track, zone, frame)] as const;
    }),
  );
  const entered = zones
    .map(({ name }) => name)
    .filter((name) => presences.get(name)?.present === true && !history.entered.includes(name));
  return { presences, entered: [...history.entered, ...entered] };
}

/** The zones an object is in, in the order of the configuration. */
export function currentZones({ presences }: ZoneHistory): readonly string[] {
  return [...presences].filter(([, { present }]) => present).map(([name]) => name);
}

/** Labels whose objects loiter as long as they stay in a zone with a loitering time; a car that has entered it is parked. */
const LOITERERS = ["person"];

/** Whether an object of this label is in a zone with a loitering time, and has not entered it yet or still loiters. */
export function isLoitering(
  { presences }: ZoneHistory,
  label: string,
  zones: readonly ZoneConfig[],
): boolean {
  return zones.some(({ name, loitering_time, inertia }) => {
    const presence = presences.get(name);
    if (loitering_time === 0 || presence?.inside !== true || presence.detections < inertia) return false;
    return !presence.present || LOITERERS.includes(label);
  });
}

function advancePresence(
  before: ZonePresence | undefined,
  track: Track,
  zone: ZoneConfig,
  frame: Size,
): ZonePresence {
  const nowMs = track.updatedMs;
  const isDetected = track.lastSeenMs === nowMs;
  const inside = isDetected ? isInside(track, zone, frame) : (before?.inside ?? false);
  const continues = before !== undefined && before.inside === inside;
  const detections = (continues ? before.detections : 0) + (isDetected ? 1 : 0);
  const sinceMs = continues ? before.sinceMs : nowMs;
  const wasPresent = before?.present ?? false;
  const lasts = detections >= zone.inertia;
  const present = inside
    ? wasPresent || (lasts && nowMs - sinceMs >= zone.loitering_time * 1000)
    : wasPresent && !lasts;
  return { inside, detections, sinceMs, present };
}

function isInside(track: Track, zone: ZoneConfig, frame: Size): boolean {
  return whyOutside(track, zone, frame) === undefined;
}

/** Why a detected object is not inside a zone: by its label, by its position or by the zone's filter; undefined if it is. */
export function whyOutside(
  track: Track,
  zone: ZoneConfig,
  frame: Size,
): "label" | "position" | "filter" | undefined {
  if (zone.objects.length > 0 && !zone.objects.includes(track.label)) return "label";
  if (!standsOn([zone.coordinates], track.box, frame)) return "position";
  const filter = zone.filters[track.label];
  if (filter === undefined) return undefined;
  const isSure = track.score >= filter.min_score && medianScore(track.scoreHistory) >= filter.threshold;
  return isSure && hasShape(track.box, filter, frame) ? undefined : "filter";
}
