/** Values of a graph: their types, and their numbers. */

/**
 * The sizes of all axes, outermost first; none for a scalar. A feature map is [height, width, channels], the weights of a
 * convolution on feature maps are [outputChannels, kernelHeight, kernelWidth, inputChannels].
 */
export type Shape = readonly number[];

/** Integer types of quantized feature maps: i16 within ±16383; u7, a byte from 0 to 127. */
export type StoredInteger = "i16" | "u7";

/** Types of integers in memory; a bool is a byte, 0 or 1. */
export type IntegerType = "i8" | "u8" | "i32" | "bool" | StoredInteger;

/** Types of numbers in memory. */
export type DType = "f32" | IntegerType;

export interface ValueType {
  readonly shape: Shape;
  readonly dtype: DType;
  /** The real values of quantized integers; other values are what they say. */
  readonly affine?: Affine | undefined;
}

/** How each type of number is stored. */
export const ARRAYS = {
  f32: Float32Array,
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  i32: Int32Array,
  bool: Uint8Array,
  u7: Uint8Array,
} as const satisfies Record<DType, unknown>;

export type IntegerArray = Int8Array | Uint8Array | Int16Array | Int32Array;
export type NumberArray = Float32Array | IntegerArray;

/** Bytes of one number. */
export const ELEMENT_BYTES: Readonly<Record<DType, number>> = {
  f32: 4,
  i8: 1,
  u8: 1,
  i16: 2,
  i32: 4,
  bool: 1,
  u7: 1,
};

/** A value with its numbers, row-major. */
export interface Tensor {
  readonly shape: Shape;
  readonly data: NumberArray;
}

/** A value known at compile time. */
export type Constant = FloatConstant | IntegerConstant;

export interface FloatConstant {
  readonly dtype: "f32";
  readonly shape: Shape;
  readonly data: Float32Array;
  /** The same numbers as a product, which may take fewer bytes in the module. */
  readonly product?: WeightProduct | undefined;
}

export interface IntegerConstant {
  readonly dtype: IntegerType;
  readonly shape: Shape;
  readonly data: IntegerArray;
  readonly affine?: Affine | undefined;
}

/** Weights as in the model file, and a factor per output channel, for example of a batch norm. */
export interface WeightProduct {
  readonly numbers: Float32Array;
  readonly perOutput: Float32Array;
}

/** Floats known at compile time. */
export function floats(shape: Shape, data: Float32Array, product?: WeightProduct): FloatConstant {
  return { dtype: "f32", shape, data, product };
}

/** A constant of any type, from numbers that the type can represent. */
export function constantOf({ dtype, shape, affine }: ValueType, numbers: ArrayLike<number>): Constant {
  return dtype === "f32"
    ? floats(shape, Float32Array.from(numbers))
    : { dtype, shape, data: ARRAYS[dtype].from(numbers), affine };
}

/** The real values of stored numbers: real = (stored − zero) · scale, per channel, or with one element for all numbers. */
export interface Affine {
  readonly scale: Float32Array;
  readonly zero: Float32Array;
}

/** Whether two values store the same real numbers as the same integers. */
export function sameAffine(a: Affine | undefined, b: Affine | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return sameNumbers(a.scale, b.scale) && sameNumbers(a.zero, b.zero);
}

/** Whether two lists hold the same numbers. One of a single element holds it for every channel. */
export function sameNumbers(a: Float32Array, b: Float32Array): boolean {
  const [longer, shorter] = a.length >= b.length ? [a, b] : [b, a];
  if (shorter.length === 1) return longer.every((number) => number === shorter[0]);
  return a.length === b.length && a.every((number, index) => number === b[index]);
}
