import type { Size } from "./box.ts";

/** An image in RGB, row by row: width × height × 3 bytes. */
export interface RgbImage extends Size {
  readonly pixels: Uint8Array;
}
