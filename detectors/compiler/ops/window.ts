/** The window that convolutions and pooling slide over a feature map. */
import { ShapeError } from "./shapes.ts";

/** Pixels added on each side. */
export interface Padding {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** How a window moves over a feature map. */
export interface WindowAttributes {
  readonly stride: number;
  readonly padding: Padding;
}

/**
 * The number of positions of a window along one axis: floor((size + before + after − kernel) / stride) + 1 (ONNX Conv and MaxPool).
 * @throws ShapeError when no position fits.
 */
export function windowPositions(
  axis: "height" | "width",
  size: number,
  kernel: number,
  stride: number,
  padding: Padding,
): number {
  const [before, after] = axis === "height" ? [padding.top, padding.bottom] : [padding.left, padding.right];
  if (![kernel, stride].every((n) => Number.isSafeInteger(n) && n > 0)) {
    throw new ShapeError(`kernel and stride must be positive integers, received ${kernel} and ${stride}`);
  }
  if (![before, after].every((n) => Number.isSafeInteger(n) && n >= 0)) {
    throw new ShapeError(`padding must be non-negative integers, received ${before} and ${after}`);
  }
  const positions = Math.floor((size + before + after - kernel) / stride) + 1;
  if (positions < 1) {
    throw new ShapeError(
      `a kernel of ${kernel} does not fit into ${axis} ${size} padded by ${before} and ${after}`,
    );
  }
  return positions;
}
