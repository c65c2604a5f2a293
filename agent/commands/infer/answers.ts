import type { Box, Detection, ModuleInfo, Tensor } from "../../../detectors/detector.ts";

/** A label with its score. */
export interface ScoredLabel {
  readonly label: string;
  /** As the model gives it: a probability only if the model ends with one. */
  readonly score: number;
}

/** The outputs of a module in the words of its task; empty for `tensor`. */
export interface TaskAnswer {
  /** Best first. */
  readonly detections?: readonly Detection[];
  /** Best first. */
  readonly classes?: readonly ScoredLabel[];
  /** Best first. */
  readonly sounds?: readonly ScoredLabel[];
  readonly embedding?: readonly number[];
  /** The map is a list of rows. */
  readonly anomaly?: { readonly score: number; readonly map: readonly (readonly number[])[] };
}

/**
 * Reads the outputs of a module whose description has been checked.
 * @param toImage converts boxes from pixels of the input to pixels of the picture
 */
export function answerOf(
  { task, labels = [] }: Pick<ModuleInfo, "task" | "labels">,
  [first, second]: readonly Tensor[],
  toImage: (box: Box) => Box,
): TaskAnswer {
  const names = new Map(labels.map(({ id, name }) => [id, name]));
  const numbers = Array.from(first?.data ?? []);
  switch (task) {
    case "detect":
      return { detections: detectionsOf(numbers, names, toImage) };
    case "classify":
      return { classes: scoresOf(numbers, names) };
    case "audio":
      return { sounds: scoresOf(numbers, names) };
    case "embed":
      return { embedding: numbers };
    case "anomaly": {
      const [rows = 0, columns = 0] = first?.shape ?? [];
      const map = Array.from({ length: rows }, (_, row) => numbers.slice(row * columns, (row + 1) * columns));
      return { anomaly: { score: second?.data[0] ?? Number.NaN, map } };
    }
    case "tensor":
      return {};
  }
}

const FIELDS = 6;

function detectionsOf(
  numbers: readonly number[],
  names: ReadonlyMap<number, string>,
  toImage: (box: Box) => Box,
): Detection[] {
  return Array.from({ length: numbers.length / FIELDS }, (_, row) => {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0, score = 0, id = 0] = numbers.slice(
      row * FIELDS,
      (row + 1) * FIELDS,
    );
    const box = toImage([x1, y1, x2, y2]).map((edge) => rounded(edge, 2));
    const [left = 0, top = 0, right = 0, bottom = 0] = box;
    return { label: names.get(id) ?? `${id}`, score: rounded(score, 4), box: [left, top, right, bottom] };
  });
}

function scoresOf(numbers: readonly number[], names: ReadonlyMap<number, string>): ScoredLabel[] {
  return [...names]
    .map(([id, label]) => ({ label, score: numbers[id] ?? Number.NaN }))
    .sort((a, b) => b.score - a.score);
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
