/** The types of operators that compute with the quantized integers of a model file. */
import type { Affine, DType, Shape, ValueType } from "../../graph/value.ts";
import { type OperatorDefinition, showAttributes, TENSOR_FACTS } from "../operator.ts";
import { ShapeError, showType } from "../shapes.ts";
import { roundHalfAway } from "./arithmetic.ts";

/** The real value of an integer of a tensor with a single scale: (stored − zero) · scale. `scale` is a binary32 number. */
export interface Quantized {
  readonly scale: number;
  readonly zero: number;
}

/** Bytes of a quantized tensor. */
export type QuantizedType = "i8" | "u8";

/** A result: its type, its scale, and the range to which a fused activation limits the integers. */
export interface QuantizedResult extends Quantized {
  readonly dtype: QuantizedType;
  readonly least: number;
  readonly most: number;
}

export const RANGE: Readonly<Record<QuantizedType, readonly [least: number, most: number]>> = {
  i8: [-128, 127],
  u8: [0, 255],
};

/** The facts of an operator that computes with integers whose scales the model file gives. */
export const QUANTIZED_FACTS = {
  ...TENSOR_FACTS,
  integers: "computes",
  show: showQuantized,
} as const satisfies Partial<OperatorDefinition<object>>;

/** Scale and zero of a whole tensor, as a value has them. */
export function affineOf({ scale, zero }: Quantized): Affine {
  return { scale: Float32Array.of(scale), zero: Float32Array.of(zero) };
}

/** The type of a result. */
export function resultType(
  { dtype, scale, zero }: Omit<QuantizedResult, "least" | "most">,
  shape: Shape,
): ValueType {
  return { dtype, shape, affine: affineOf({ scale, zero }) };
}

/** The nearest integer that the result can hold. */
export function limited(x: number, { least, most }: QuantizedResult): number {
  return Math.max(least, Math.min(most, x));
}

/** The stored integer of a real number, before it is limited (`Quantize` of TensorFlow Lite, in binary32). */
export function stored(real: number, { scale, zero }: Quantized): number {
  return roundHalfAway(Math.fround(Math.fround(real) / scale)) + zero;
}

/** @throws ShapeError unless the input stores numbers as the operator reads them. */
export function requireQuantized(
  inputs: readonly ValueType[],
  index: number,
  expected: Quantized,
): ValueType {
  const type = inputs[index];
  if (type === undefined) throw new ShapeError(`expected an input ${index}`);
  const { dtype, affine } = type;
  const stands =
    affine?.scale.length === 1 && affine.scale[0] === expected.scale && affine.zero[0] === expected.zero;
  if ((dtype === "i8" || dtype === "u8") && stands) return type;
  throw new ShapeError(
    `input ${index}: expected i8 or u8 with scale ${expected.scale} and zero ${expected.zero}, received ${showType(type)}`,
  );
}

/** @throws ShapeError unless the range of a result lies within its type. */
export function requireRange({ dtype, scale, zero, least, most }: QuantizedResult): void {
  const [lowest, highest] = RANGE[dtype];
  const isInside = (n: number): boolean => Number.isInteger(n) && n >= lowest && n <= highest;
  if (scale > 0 && isInside(zero) && isInside(least) && isInside(most) && least <= most) return;
  throw new ShapeError(`cannot store ${dtype} of scale ${scale} and zero ${zero} from ${least} to ${most}`);
}

/** A sparse row of numbers that an operator's `show` prints: those that are not typed arrays. */
function showQuantized(attributes: object): string {
  return showAttributes(
    Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [
        name,
        ArrayBuffer.isView(value) ? `${value.byteLength} bytes` : value,
      ]),
    ),
  );
}

/** The numbers of a tensor type. */
export function arrayOf(dtype: QuantizedType, length: number): Int8Array | Uint8Array {
  return dtype === "i8" ? new Int8Array(length) : new Uint8Array(length);
}

export const isByte = (dtype: DType): dtype is QuantizedType => dtype === "i8" || dtype === "u8";
