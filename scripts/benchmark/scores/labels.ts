import { readFileSync } from "node:fs";
import type { Box } from "../../../detectors/detector.ts";

/** An object that the detector sees in a clip, judged by eye. */
export interface LabelledObject {
  readonly clip: string;
  /** Position in the clip, and the box at that position in pixels of the clip. */
  readonly seconds: number;
  readonly label: string;
  readonly box: Box;
  /** false: the detector is wrong, there is something else. */
  readonly isReal: boolean;
}

/** Labels from which the default filters were chosen, and labels of other clips that only judge the choice. */
export const LABEL_SETS = ["labels", "held-out"] as const;
export type LabelSet = (typeof LABEL_SETS)[number];

/** Reads a set of labels: clip, seconds, label, x1, y1, x2, y2, real (1 or 0). */
export function labelledObjects(set: LabelSet): readonly LabelledObject[] {
  const [, ...lines] = readFileSync(new URL(`${set}.csv`, import.meta.url), "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => {
    const [clip = "", seconds, label = "", x1, y1, x2, y2, real] = line.split(",");
    const box = [Number(x1), Number(y1), Number(x2), Number(y2)] as const;
    return { clip, seconds: Number(seconds), label, box, isReal: real === "1" };
  });
}
