import type { Tensor, ValueType } from "../graph/value.ts";
import { FLOAT_MAP_FACTS, type OperatorDefinition } from "./operator.ts";
import {
  checkInputCount,
  dtypeAt,
  elements,
  featureMap,
  mapSize,
  ShapeError,
  STORED_TYPES,
  tensorAt,
} from "./shapes.ts";
import { type WindowAttributes, windowPositions } from "./window.ts";

/** The window is square. Padding never wins the maximum. */
export interface MaxPoolAttributes extends WindowAttributes {
  readonly kernel: number;
}

function infer(inputs: readonly ValueType[], attributes: MaxPoolAttributes): ValueType {
  checkInputCount(inputs, 1, 1);
  const [height, width, channels] = featureMap(inputs, 0, STORED_TYPES);
  const { kernel, stride, padding } = attributes;
  // A window that lies entirely in the padding has no maximum.
  if (Math.max(padding.top, padding.left, padding.bottom, padding.right) >= kernel) {
    throw new ShapeError(`padding must be smaller than the kernel of ${kernel}`);
  }
  const outHeight = windowPositions("height", height, kernel, stride, padding);
  const outWidth = windowPositions("width", width, kernel, stride, padding);
  return { dtype: dtypeAt(inputs, 0), shape: [outHeight, outWidth, channels], affine: inputs[0]?.affine };
}

function reference(inputs: readonly Tensor[], attributes: MaxPoolAttributes): Tensor {
  const x = tensorAt(inputs, 0);
  const { kernel, stride, padding } = attributes;
  const [height, width, channels] = mapSize(x);
  const outHeight = windowPositions("height", height, kernel, stride, padding);
  const outWidth = windowPositions("width", width, kernel, stride, padding);
  const shape = [outHeight, outWidth, channels];
  const y = new Float32Array(elements(shape)).fill(-Infinity);

  for (let oy = 0; oy < outHeight; oy++) {
    for (let ox = 0; ox < outWidth; ox++) {
      const to = (oy * outWidth + ox) * channels;
      for (let ky = 0; ky < kernel; ky++) {
        const row = oy * stride - padding.top + ky;
        if (row < 0 || row >= height) continue;
        for (let kx = 0; kx < kernel; kx++) {
          const column = ox * stride - padding.left + kx;
          if (column < 0 || column >= width) continue;
          const from = (row * width + column) * channels;
          for (let c = 0; c < channels; c++) {
            y[to + c] = Math.max(y[to + c] ?? 0, x.data[from + c] ?? 0);
          }
        }
      }
    }
  }
  return { shape, data: y };
}

/** ONNX MaxPool-12 in two dimensions, square, without dilation, size rounded down. Padding never wins the maximum. */
export const maxPool2d: OperatorDefinition<MaxPoolAttributes> = {
  ...FLOAT_MAP_FACTS,
  infer,
  reference,
  stride: ({ stride }) => stride,
  integers: "moves",
};
