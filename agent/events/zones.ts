import type { ZoneConfig } from "../config/schema.ts";
import { medianScore } from "../tracking/scores.ts";
import type { Track } from "../tracking/track.ts";
import { hasShape, standsOn } from "../tracking/wanted.ts";

/** An object and one zone. */
interface Presence {
  /** Whether it was inside when it was last seen, for how many looks in a row that has been so, and since when. */
  readonly inside: boolean;
  readonly looks: number;
  readonly sinceMs: number;
  /** Inside for long enough to count. */
  readonly present: boolean;
}

/** An object and the zones of its camera. */
export interface ZoneHistory {
  readonly presences: ReadonlyMap<string, Presence>;
  /** In the order it entered them, each once. */
  readonly entered: readonly string[];
}

/** Before its first frame. */
export const NO_ZONES: ZoneHistory = { presences: new Map(), entered: [] };

/**
 * Follows an object through the zones of its camera, by the bottom centre of its box.
 *
 * It has entered a zone once it was seen inside `inertia` times in a row and that is `loitering_time` ago, and left it
 * once it was seen outside `inertia` times in a row: Frigate's rule, but with inertia both ways, so that a box that
 * jitters on a border does not come and go. While it is not seen it is where it was.
 */
export function advanceZones(
  history: ZoneHistory,
  track: Track,
  zones: readonly ZoneConfig[],
  picture: { readonly width: number; readonly height: number },
): ZoneHistory {
  const presences = new Map(
    zones.map((zone) => {
      const before = history.presences.get(zone.name);
      return [zone.name, advancePresence(before, track, zone, picture)] as const;
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

function advancePresence(
  before: Presence | undefined,
  track: Track,
  zone: ZoneConfig,
  picture: { readonly width: number; readonly height: number },
): Presence {
  const nowMs = track.believedAtMs;
  const isSeen = track.lastSeenMs === nowMs;
  const inside = isSeen ? isInside(track, zone, picture) : (before?.inside ?? false);
  const goesOn = before !== undefined && before.inside === inside;
  const looks = (goesOn ? before.looks : 0) + (isSeen ? 1 : 0);
  const sinceMs = goesOn ? before.sinceMs : nowMs;
  const wasPresent = before?.present ?? false;
  const lasts = looks >= zone.inertia;
  const present = inside
    ? wasPresent || (lasts && nowMs - sinceMs >= zone.loitering_time * 1000)
    : wasPresent && !lasts;
  return { inside, looks, sinceMs, present };
}

function isInside(
  track: Track,
  zone: ZoneConfig,
  picture: { readonly width: number; readonly height: number },
): boolean {
  if (zone.objects.length > 0 && !zone.objects.includes(track.label)) return false;
  if (!standsOn([zone.coordinates], track.box, picture)) return false;
  const filter = zone.filters[track.label];
  if (filter === undefined) return true;
  const isSure = track.score >= filter.min_score && medianScore(track.scores) >= filter.threshold;
  return isSure && hasShape(track.box, filter, picture);
}
