import { readFileSync } from "node:fs";
import type { Box } from "../../../detectors/detector.ts";

/** Where an object really is in a frame. */
export interface TrueBox {
  readonly object: string;
  readonly box: Box;
  /** false: in the clip, but hidden or too small. A tracker that reports it is right, and so is one that does not. */
  readonly isValid: boolean;
}

/** The objects of a clip by frame; frame 1 is the clip's first one. */
export interface Truth {
  readonly boxes: ReadonlyMap<number, readonly TrueBox[]>;
  readonly lastFrame: number;
}

const COLUMNS = ["frame", "person", "x1", "y1", "x2", "y2"] as const;

/**
 * Reads a table with the columns frame, person (or object), x1, y1, x2, y2 and, if some boxes do not count, valid (1 or 0).
 * Between the first and the last frame, a frame without rows has no objects.
 * @throws Error that names the first line which is wrong.
 */
export function readTruth(file: string): Truth {
  const [heading = "", ...lines] = readFileSync(file, "utf8").trim().split(/\r?\n/);
  const names = heading.split(",").map((name) => name.trim().replace(/^object$/, "person"));
  const missing = COLUMNS.find((column) => !names.includes(column));
  if (missing !== undefined) {
    throw new Error(`${file}: expected the columns ${COLUMNS.join(", ")} in line 1, received "${heading}"`);
  }
  const boxes = new Map<number, TrueBox[]>();
  let lastFrame = 0;
  for (const [index, line] of lines.entries()) {
    const cells = line.split(",");
    const cell = (name: string) => cells[names.indexOf(name)]?.trim() ?? "";
    const [frame = 0, x1 = 0, y1 = 0, x2 = 0, y2 = 0] = ["frame", "x1", "y1", "x2", "y2"].map((name) =>
      cell(name) === "" ? Number.NaN : Number(cell(name)),
    );
    if (![x1, y1, x2, y2].every(Number.isFinite) || !(Number.isInteger(frame) && frame >= 1)) {
      throw new Error(
        `${file}: expected a frame from 1 and four numbers in line ${index + 2}, received "${line}"`,
      );
    }
    const inFrame = boxes.get(frame) ?? [];
    inFrame.push({ object: cell("person"), box: [x1, y1, x2, y2], isValid: cell("valid") !== "0" });
    boxes.set(frame, inFrame);
    lastFrame = Math.max(lastFrame, frame);
  }
  return { boxes, lastFrame };
}
