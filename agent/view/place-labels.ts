import type { Box } from "../../detectors/detector.ts";

/** A label that wants to stand at its box; pixels. */
export interface Label {
  readonly box: Box;
  readonly width: number;
  readonly height: number;
}

/** Where a label came to stand; pixels. */
export interface LabelPosition {
  readonly left: number;
  readonly top: number;
}

/** How far a label may climb away from its box, in heights of its own, to find room. */
const LEVELS = 4;
/** A hidden label is worse than a hidden piece of picture, and one far off its box a little worse than one at it. */
const LABEL_WEIGHT = 8;
const LEVEL_WEIGHT = 0.08;

/**
 * Finds each label a place at its box, inside the picture, where it hides no other label and little of other boxes.
 * Those that come first choose first.
 * @param size of the picture, pixels
 */
export function placeLabels(
  labels: readonly Label[],
  size: { readonly width: number; readonly height: number },
): readonly LabelPosition[] {
  const taken: Box[] = [];
  return labels.map((label) => {
    const others = labels.filter((other) => other !== label).map(({ box }) => box);
    let best: { readonly place: LabelPosition; readonly cost: number } | undefined;
    for (const { place, level } of candidates(label, size)) {
      const area = boxOf(place, label);
      const hidden = sumOfOverlaps(area, taken) * LABEL_WEIGHT + sumOfOverlaps(area, others);
      const cost = hidden / (label.width * label.height) + level * LEVEL_WEIGHT;
      if (best === undefined || cost < best.cost) best = { place, cost };
    }
    const place = best?.place ?? { left: 0, top: 0 };
    taken.push(boxOf(place, label));
    return place;
  });
}

/** On the box, under it, inside it, beside it; then ever higher above it. Most wanted first, all inside the picture. */
function* candidates(
  { box, width, height }: Label,
  size: { readonly width: number; readonly height: number },
): Generator<{ readonly place: LabelPosition; readonly level: number }> {
  const [x1, y1, x2, y2] = box.map(Math.round) as [number, number, number, number];
  const at = (left: number, top: number) => ({
    left: clamp(left, size.width - width),
    top: clamp(top, size.height - height),
  });
  const fitsAbove = y1 - height >= 0;
  if (fitsAbove) {
    yield { place: at(x1, y1 - height), level: 0 };
    yield { place: at(x2 - width, y1 - height), level: 0.2 };
  }
  if (y2 + height <= size.height) yield { place: at(x1, y2), level: 0.6 };
  yield { place: at(x1, y1), level: fitsAbove ? 1 : 0.5 };
  yield { place: at(x2, y1), level: 1 };
  yield { place: at(x1 - width, y1), level: 1 };
  for (let level = 1; level <= LEVELS; level++) {
    const top = y1 - height * (1 + 1.15 * level);
    if (top < 0) return;
    yield { place: at(x1, Math.round(top)), level };
    yield { place: at(x2 - width, Math.round(top)), level: level + 0.2 };
  }
}

function boxOf({ left, top }: LabelPosition, { width, height }: Label): Box {
  return [left, top, left + width, top + height];
}

function sumOfOverlaps([x1, y1, x2, y2]: Box, boxes: readonly Box[]): number {
  return boxes.reduce((sum, other) => {
    const width = Math.min(x2, other[2]) - Math.max(x1, other[0]);
    const height = Math.min(y2, other[3]) - Math.max(y1, other[1]);
    return sum + Math.max(0, width) * Math.max(0, height);
  }, 0);
}

function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(value, most));
}
