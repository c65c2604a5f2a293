import type { TrackPoint } from "../../state/past-event.ts";

/** The boxes of a track that are kept: enough to draw it. */
export interface TrackPath {
  /** Oldest first. */
  readonly points: readonly TrackPoint[];
  /** The latest box, kept or not. */
  readonly latest: TrackPoint | undefined;
  /** A box is kept if one of its edges is at least this far from that of the box before, thousandths of the frame. */
  readonly step: number;
}

/** Before the first box. */
export const NO_PATH: TrackPath = { points: [], latest: undefined, step: 10 };

/** With these, a track takes about one kilobyte. */
const MOST_POINTS = 40;

/** Adds a box to a path. The path of a long track becomes coarser, so that its size is limited. */
export function extendPath({ points, step }: TrackPath, latest: TrackPoint): TrackPath {
  if (!isFar(points.at(-1), latest, step)) return { points, latest, step };
  const extended = [...points, latest];
  return extended.length <= MOST_POINTS
    ? { points: extended, latest, step }
    : { ...coarser(extended, step * 2), latest };
}

/** The points of a path from its first to its latest box. */
export function pathPoints({ points, latest }: TrackPath): readonly TrackPoint[] {
  return latest === undefined || latest === points.at(-1) ? points : [...points, latest];
}

/** The edges of boxes are whole thousandths: at the largest step, only the first point remains. */
function coarser(points: readonly TrackPoint[], step: number): Pick<TrackPath, "points" | "step"> {
  const kept: TrackPoint[] = [];
  for (const point of points) if (isFar(kept.at(-1), point, step)) kept.push(point);
  return kept.length <= MOST_POINTS * 0.75 ? { points: kept, step } : coarser(kept, step * 2);
}

function isFar(from: TrackPoint | undefined, [, ...to]: TrackPoint, step: number): boolean {
  if (from === undefined) return true;
  const [, ...before] = from;
  return to.some((edge, index) => Math.abs(edge - (before[index] ?? 0)) >= step);
}
