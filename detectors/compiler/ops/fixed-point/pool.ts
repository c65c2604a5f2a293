/** Pooling of bytes, [batch, height, width, channels]. Padding belongs to no average and wins no maximum. */
import type { Shape, Tensor, ValueType } from "../../graph/value.ts";
import type { OperatorDefinition } from "../operator.ts";
import { checkInputCount, elements, ShapeError, showType, tensorAt } from "../shapes.ts";
import { tensorLike } from "../tensors.ts";
import { type Padding, windowPositions } from "../window.ts";
import { isByte, QUANTIZED_FACTS } from "./quantized.ts";

export interface BytePoolAttributes {
  readonly combining: "average" | "max";
  readonly kernel: readonly [height: number, width: number];
  readonly strides: readonly [height: number, width: number];
  readonly padding: Padding;
  /** Limits of the result. */
  readonly least: number;
  readonly most: number;
}

/** The window along one axis at an output position, cut to the input: [first, end). */
export function windowAlong(position: number, stride: number, before: number, kernel: number, size: number) {
  const start = position * stride - before;
  return [Math.max(0, start), Math.min(size, start + kernel)] as const;
}

function infer(inputs: readonly ValueType[], { kernel, strides, padding }: BytePoolAttributes): ValueType {
  checkInputCount(inputs, 1, 1);
  const [x] = inputs;
  const [batch, height, width, channels] = x?.shape ?? [];
  if (!x || !isByte(x.dtype) || x.shape.length !== 4 || !batch || !height || !width || !channels) {
    throw new ShapeError(`expected i8 or u8 of four axes, received ${x ? showType(x) : "nothing"}`);
  }
  const { top, left, bottom, right } = padding;
  if (Math.max(top, bottom) >= kernel[0] || Math.max(left, right) >= kernel[1]) {
    throw new ShapeError(`padding must be smaller than the kernel of ${kernel[0]}x${kernel[1]}`);
  }
  const rows = windowPositions("height", height, kernel[0], strides[0], padding);
  const columns = windowPositions("width", width, kernel[1], strides[1], padding);
  return { dtype: x.dtype, shape: [batch, rows, columns, channels], affine: x.affine };
}

function reference(inputs: readonly Tensor[], attributes: BytePoolAttributes): Tensor {
  const x = tensorAt(inputs, 0);
  const { combining, kernel, strides, padding, least, most } = attributes;
  const [batch = 0, height = 0, width = 0, channels = 0] = x.shape;
  const rows = windowPositions("height", height, kernel[0], strides[0], padding);
  const columns = windowPositions("width", width, kernel[1], strides[1], padding);
  const shape: Shape = [batch, rows, columns, channels];
  const y = tensorLike(x, shape);
  for (let at = 0; at < elements(shape); at++) {
    const channel = at % channels;
    const column = Math.floor(at / channels) % columns;
    const row = Math.floor(at / channels / columns) % rows;
    const image = Math.floor(at / channels / columns / rows);
    const [top, bottom] = windowAlong(row, strides[0], padding.top, kernel[0], height);
    const [left, right] = windowAlong(column, strides[1], padding.left, kernel[1], width);
    let sum = 0;
    let highest = -Infinity;
    for (let h = top; h < bottom; h++) {
      for (let w = left; w < right; w++) {
        const value = x.data[((image * height + h) * width + w) * channels + channel] ?? 0;
        sum += value;
        highest = Math.max(highest, value);
      }
    }
    const count = (bottom - top) * (right - left);
    const half = Math.floor(count / 2);
    const average = Math.trunc((sum > 0 ? sum + half : sum - half) / count);
    y.data[at] = Math.max(least, Math.min(most, combining === "max" ? highest : average));
  }
  return y;
}

/**
 * TensorFlow Lite AVERAGE_POOL_2D and MAX_POOL_2D on integers (reference_integer_ops::AveragePool, MaxPool): an average is
 * rounded to the nearest integer, halves away from zero, without regard to the zero point.
 */
export const bytePool: OperatorDefinition<BytePoolAttributes> = { ...QUANTIZED_FACTS, infer, reference };
