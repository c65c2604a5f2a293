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

const FILE = new URL("labels.csv", import.meta.url);

/** Reads labels.csv: clip, seconds, label, x1, y1, x2, y2, real (1 or 0). */
export function labelledObjects(): readonly LabelledObject[] {
  const [, ...lines] = readFileSync(FILE, "utf8").trim().split("\n");
  return lines.map((line) => {
    const [clip = "", seconds, label = "", x1, y1, x2, y2, real] = line.split(",");
    const box = [Number(x1), Number(y1), Number(x2), Number(y2)] as const;
    return { clip, seconds: Number(seconds), label, box, isReal: real === "1" };
  });
}
