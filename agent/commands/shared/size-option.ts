import { InvalidArgumentError } from "commander";
import { MAX_SIDE } from "../../../detectors/detector.ts";

/** Pixels of the picture a model takes. */
export interface ModelSize {
  readonly width: number;
  readonly height: number;
}

/** What `--size` accepts, for `--help`: multiples of the coarsest stride of YOLOv5. */
export const SIZE_RANGE = `multiples of 32 up to ${MAX_SIDE}`;

/**
 * Parses `640x384` (or `640×384`), for commander's options.
 * @throws InvalidArgumentError unless both sides are in `SIZE_RANGE`.
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
