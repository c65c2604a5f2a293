import type { Box } from "../../detectors/detector.ts";
import { boxArea, boxAround } from "../base/box.ts";

/** Pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/** A detector wants to see what surrounds a thing: a region is this much larger than the thing, in each direction. */
const SURROUNDINGS = 1.4;
/** A region that covers this share of the picture may as well be all of it: one look that cuts nothing off. */
const NEARLY_EVERYTHING = 0.65;
/**
 * Two looks become one where that one shows at most this share of the pixels that both would show. At 0.9 things are
 * shrunk by a quarter in the worst case (to √(1/1.8) of their size), and a look is saved.
 */
const WORTH_MERGING = 0.9;

/**
 * The part of a picture to look at in order to see what is in `box`: whole pixels, of the model input's shape, as large
 * as it (so that nothing is scaled down) or larger where the box needs it, and inside the picture.
 */
export function regionAround([x1, y1, x2, y2]: Box, frame: Size, input: Size): Box {
  const scale = Math.max(
    1,
    ((x2 - x1) * SURROUNDINGS) / input.width,
    ((y2 - y1) * SURROUNDINGS) / input.height,
  );
  const width = Math.min(frame.width, Math.round(input.width * scale));
  const height = Math.min(frame.height, Math.round(input.height * scale));
  if (width * height >= NEARLY_EVERYTHING * frame.width * frame.height) return wholePicture(frame);
  const left = clamp(Math.round((x1 + x2 - width) / 2), 0, frame.width - width);
  const top = clamp(Math.round((y1 + y2 - height) / 2), 0, frame.height - height);
  return [left, top, left + width, top + height];
}

/** The region that is all of a picture. */
export function wholePicture({ width, height }: Size): Box {
  return [0, 0, width, height];
}

/**
 * The fewest regions, at most `budget`, for what is wanted, most wanted first. Boxes that fit into one region share it;
 * what the budget leaves no room for is not looked at.
 */
export function regionsFor(wanted: readonly Box[], frame: Size, input: Size, budget: number): readonly Box[] {
  let groups: readonly Group[] = wanted.map((box) => ({ box, region: regionAround(box, frame, input) }));
  while (true) {
    const pair = bestPair(groups, frame, input);
    if (pair === undefined) return groups.slice(0, budget).map(({ region }) => region);
    const { first, second, merged } = pair;
    groups = groups.flatMap((group, index) => (index === first ? [merged] : index === second ? [] : [group]));
  }
}

/** Boxes that are looked at together. */
interface Group {
  /** Around all of them. */
  readonly box: Box;
  readonly region: Box;
}

interface Pair {
  readonly first: number;
  readonly second: number;
  readonly merged: Group;
}

/** The two groups that gain most by being looked at together, if any do. */
function bestPair(groups: readonly Group[], frame: Size, input: Size): Pair | undefined {
  let best: Pair | undefined;
  let bestShare = WORTH_MERGING;
  for (const [second, b] of groups.entries()) {
    for (const [first, a] of groups.slice(0, second).entries()) {
      const box = boxAround(a.box, b.box);
      const region = regionAround(box, frame, input);
      const share = boxArea(region) / (boxArea(a.region) + boxArea(b.region));
      if (share >= bestShare) continue;
      bestShare = share;
      best = { first, second, merged: { box, region } };
    }
  }
  return best;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
