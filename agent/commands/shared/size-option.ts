import { InvalidArgumentError } from "commander";
import { MAX_SIDE } from "../../../detectors/detector.ts";

/** Size of a model's input in pixels. */
export interface ModelSize {
  readonly width: number;
  readonly height: number;
}

/** The sizes that `--size` accepts, for `--help`: multiples of YOLOv5's largest stride. */
export const SIZE_RANGE = `multiples of 32 up to ${MAX_SIDE}`;

/**
 * Parses `640x384` (or `640×384`) for commander.
 * @throws InvalidArgumentError if a side is not in `SIZE_RANGE`.
 */
export function parseSize(text: string): ModelSize {
  const [, width, height] = (/^(\d{1,5})[x×](\d{1,5})$/i.exec(text.trim()) ?? []).map(Number);
  const fits = (side: number | undefined) => side && side % 32 === 0 && side <= MAX_SIDE;
  if (!width || !height || !fits(width) || !fits(height)) {
    throw new InvalidArgumentError(`Expected WIDTHxHEIGHT, both ${SIZE_RANGE}, for example 640x384.`);
  }
  return { width, height };
}

/** `640x384`, as in file names and options. */
export function showSize({ width, height }: ModelSize): string {
  return `${width}x${height}`;
}
