import { type Box, type Size, sharedArea } from "../base/box.ts";
import { clamp } from "../base/numbers.ts";

/** The size of a label, and its box; pixels. */
export interface Label extends Size {
  readonly box: Box;
}

/** Pixels. */
export interface LabelPosition {
  readonly left: number;
  readonly top: number;
}

/** The maximum distance between a label and its box, in label heights. */
const LEVELS = 4;
/** Hiding a label costs more than hiding an object, and a label far from its box costs a little more than one near it. */
const LABEL_WEIGHT = 8;
const LEVEL_WEIGHT = 0.08;

/**
 * Places each label near its box, inside the image, so that it hides no other label and little of other boxes. Labels are
 * placed in the given order.
 * @param size of the image
 */
export function placeLabels(labels: readonly Label[], size: Size): readonly LabelPosition[] {
  const taken: Box[] = [];
  return labels.map((label) => {
    const others = labels.filter((other) => other !== label).map(({ box }) => box);
    let best: { readonly position: LabelPosition; readonly cost: number } | undefined;
    for (const { position, level } of candidates(label, size)) {
      const area = boxOf(position, label);
      const hidden = sumOfOverlaps(area, taken) * LABEL_WEIGHT + sumOfOverlaps(area, others);
      const cost = hidden / (label.width * label.height) + level * LEVEL_WEIGHT;
      if (best === undefined || cost < best.cost) best = { position, cost };
    }
    const position = best?.position ?? { left: 0, top: 0 };
    taken.push(boxOf(position, label));
    return position;
  });
}

/** Positions inside the image, best first: on top of the box, below, inside and beside it, then higher above it. */
function* candidates(
  { box, width, height }: Label,
  size: Size,
): Generator<{ readonly position: LabelPosition; readonly level: number }> {
  const [x1, y1, x2, y2] = box.map(Math.round) as [number, number, number, number];
  const at = (left: number, top: number) => ({
    left: clamp(left, 0, Math.max(0, size.width - width)),
    top: clamp(top, 0, Math.max(0, size.height - height)),
  });
  const fitsAbove = y1 - height >= 0;
  if (fitsAbove) {
    yield { position: at(x1, y1 - height), level: 0 };
    yield { position: at(x2 - width, y1 - height), level: 0.2 };
  }
  if (y2 + height <= size.height) yield { position: at(x1, y2), level: 0.6 };
  yield { position: at(x1, y1), level: fitsAbove ? 1 : 0.5 };
  yield { position: at(x2, y1), level: 1 };
  yield { position: at(x1 - width, y1), level: 1 };
  for (let level = 1; level <= LEVELS; level++) {
    const top = y1 - height * (1 + 1.15 * level);
    if (top < 0) return;
    yield { position: at(x1, Math.round(top)), level };
    yield { position: at(x2 - width, Math.round(top)), level: level + 0.2 };
  }
}

function boxOf({ left, top }: LabelPosition, { width, height }: Label): Box {
  return [left, top, left + width, top + height];
}

function sumOfOverlaps(area: Box, boxes: readonly Box[]): number {
  return boxes.reduce((sum, other) => sum + sharedArea(area, other), 0);
}
