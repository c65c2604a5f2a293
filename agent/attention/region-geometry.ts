import { type Box, boxArea, boxAround, type Size, wholeFrame } from "../base/box.ts";
import { clamp } from "../base/numbers.ts";

/** The detector needs some context around an object: a region is this much larger, in each direction. */
const CONTEXT = 1.4;
/** A region that would cover this share of the frame becomes the whole frame: one pass that cuts nothing off. */
const NEARLY_WHOLE = 0.65;
/**
 * Two regions are merged if the merged region has at most this share of the pixels of both. At 0.9 objects shrink by a
 * quarter in the worst case (to √(1/1.8) of their size), and one detection pass is saved.
 */
const WORTH_MERGING = 0.9;

/**
 * The region to examine for an object in `box`: whole pixels, inside the frame, in the shape of the model's input, and
 * as large as the input (so that nothing is scaled down), or larger where the box needs it.
 */
export function regionAround([x1, y1, x2, y2]: Box, frame: Size, input: Size): Box {
  const scale = Math.max(1, ((x2 - x1) * CONTEXT) / input.width, ((y2 - y1) * CONTEXT) / input.height);
  const width = Math.min(frame.width, Math.round(input.width * scale));
  const height = Math.min(frame.height, Math.round(input.height * scale));
  if (width * height >= NEARLY_WHOLE * frame.width * frame.height) return wholeFrame(frame);
  const left = clamp(Math.round((x1 + x2 - width) / 2), 0, frame.width - width);
  const top = clamp(Math.round((y1 + y2 - height) / 2), 0, frame.height - height);
  return [left, top, left + width, top + height];
}

/**
 * The fewest regions, at most `budget`, that cover the boxes. Boxes that fit into one region share it; the last boxes are
 * left out where the budget is too small.
 * @param boxes the most important first.
 */
export function regionsFor(boxes: readonly Box[], frame: Size, input: Size, budget: number): readonly Box[] {
  let groups: readonly Group[] = boxes.map((box) => ({ box, region: regionAround(box, frame, input) }));
  while (true) {
    const best = bestMerge(groups, frame, input);
    if (best === undefined) return groups.slice(0, budget).map(({ region }) => region);
    const { first, second, merged } = best;
    groups = groups.flatMap((group, index) => (index === first ? [merged] : index === second ? [] : [group]));
  }
}

/** Boxes that share a region. */
interface Group {
  /** Around all of them. */
  readonly box: Box;
  readonly region: Box;
}

interface Merge {
  /** Indices of the two groups. */
  readonly first: number;
  readonly second: number;
  readonly merged: Group;
}

/** The merge of two groups that saves most; undefined where none saves enough. */
function bestMerge(groups: readonly Group[], frame: Size, input: Size): Merge | undefined {
  let best: Merge | undefined;
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
