import { InvalidArgumentError } from "commander";

/** Pixels of the picture a model takes. */
export interface ModelSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Reads `640x384` (or `640×384`), for commander's options.
 * @throws InvalidArgumentError unless both are multiples of 32, the coarsest stride of YOLOv5.
 */
export function parseSize(text: string): ModelSize {
  const [, width, height] = (/^(\d{1,5})[x×](\d{1,5})$/i.exec(text.trim()) ?? []).map(Number);
  if (!width || !height || width % 32 !== 0 || height % 32 !== 0) {
    throw new InvalidArgumentError("Expected WIDTHxHEIGHT, both multiples of 32, for example 640x384.");
  }
  return { width, height };
}

/** `640x384`, as in file names and options. */
export function showSize({ width, height }: ModelSize): string {
  return `${width}x${height}`;
}
