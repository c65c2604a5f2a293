/** Operators that move numbers without computing with them, but for scales that differ. */
import { roundHalfAway } from "../../ops/fixed-point/arithmetic.ts";
import type { Quantized } from "../../ops/fixed-point/quantized.ts";
import { elements } from "../../ops/shapes.ts";
import { frontAxis, fusedActivation, isQuantized, type TfliteCall, type TfliteImporter } from "./call.ts";
import { lookedUp } from "./lookups.ts";

/** An input as the graph has it: floats, also where weights are stored as integers. */
function source(call: TfliteCall, index = 0): string {
  return call.dtype(index) === "f32" ? call.real(index) : call.value(index);
}

/** Refuses a result with another scale than the input, which the reference kernels refuse, too. */
function requireSameScale(call: TfliteCall): void {
  if (!isQuantized(call)) return;
  const [x, y] = [call.quantized(call.input(0)), call.quantized(call.output())];
  if (x.scale !== y.scale || x.zero !== y.zero) throw call.refuse("has another scale than its input");
}

/** A mover whose result has the file's shape. */
const reshape: TfliteImporter = (call) => {
  requireSameScale(call);
  const x = source(call);
  const size = elements(call.shapeOf(x));
  let { shape } = call.output();
  // A size that the file leaves open, such as a batch, is 1 there; the numbers in the node say what it is.
  if (elements(shape) !== size) {
    const wanted = call.has(1) && call.isKnown(1) ? [...call.known(1)] : [...(call.options.int32s(0) ?? [])];
    const rest = size / wanted.reduce((product, n) => (n === -1 ? product : product * n), 1);
    shape = wanted.map((n) => (n === -1 ? rest : n));
  }
  return call.add("reshape", [x], { shape });
};

const transpose: TfliteImporter = (call) => {
  requireSameScale(call);
  return call.add("transpose", [source(call)], { order: [...call.known(1)] });
};

const slice: TfliteImporter = (call) => {
  requireSameScale(call);
  const x = source(call);
  const starts = [...call.known(1)];
  const sizes = [...call.known(2)].map((size, axis) =>
    size === -1 ? (call.shapeOf(x)[axis] ?? 0) - (starts[axis] ?? 0) : size,
  );
  return call.add("slice", [x], { starts, steps: starts.map(() => 1), sizes });
};

/** `StridedSlice` of numpy's kind, with masks per axis. */
const stridedSlice: TfliteImporter = (call) => {
  requireSameScale(call);
  const { options } = call;
  if (options.int32(2) !== 0 || options.int32(3) !== 0) throw call.refuse("has an ellipsis or a new axis");
  const x = source(call);
  const input = call.shapeOf(x);
  const [begin, end, strides] = [call.known(1), call.known(2), call.known(3)];
  const isMasked = (field: number, axis: number): boolean => ((options.int32(field) >> axis) & 1) === 1;
  const isOffset = options.bool(5);
  const axes = input.map((size, axis) => {
    const step = strides[axis] ?? 1;
    if (step === 0) throw call.refuse("has a stride of 0");
    // From `least` to `most`, the positions at which a slice can begin or end.
    const [least, most] = step > 0 ? [0, size] : [-1, size - 1];
    const inside = (n: number): number => Math.max(least, Math.min(most, n < 0 ? n + size : n));
    const given = begin[axis] ?? 0;
    const isSingle = isMasked(4, axis);
    const start = isMasked(0, axis) && !isSingle ? (step > 0 ? 0 : size - 1) : inside(given);
    if (isSingle) return { start, step: 1, count: 1, isSingle };
    const isOpen = isMasked(1, axis) || end.length <= axis;
    const stop = isOpen ? (step > 0 ? size : -1) : inside((end[axis] ?? 0) + (isOffset ? given : 0));
    return { start, step, count: Math.max(0, Math.ceil((stop - start) / step)), isSingle };
  });
  const sliced = call.add("slice", [x], {
    starts: axes.map(({ start }) => start),
    steps: axes.map(({ step }) => step),
    sizes: axes.map(({ count }) => count),
  });
  const shape = axes.flatMap(({ count, isSingle }) => (isSingle ? [] : [count]));
  return call.add("reshape", [sliced], { shape });
};

/** A part of a value along an axis. */
function part(call: TfliteCall, x: string, axis: number, start: number, count: number): string {
  const shape = call.shapeOf(x);
  return call.add("slice", [x], {
    starts: shape.map((_, at) => (at === axis ? start : 0)),
    steps: shape.map(() => 1),
    sizes: shape.map((size, at) => (at === axis ? count : size)),
  });
}

/** Consecutive parts of these sizes. */
function parts(call: TfliteCall, x: string, axis: number, sizes: readonly number[]): readonly string[] {
  let start = 0;
  return sizes.map((count) => {
    start += count;
    return part(call, x, axis, start - count, count);
  });
}

const split: TfliteImporter = (call) => {
  const x = source(call, 1);
  const axis = frontAxis(call, call.known(0)[0] ?? 0, call.shapeOf(x).length);
  const count = call.operator.outputs.length;
  const size = (call.shapeOf(x)[axis] ?? 0) / count;
  return parts(
    call,
    x,
    axis,
    Array.from({ length: count }, () => size),
  );
};

const splitVariably: TfliteImporter = (call) => {
  const x = source(call);
  const axis = frontAxis(call, call.known(2)[0] ?? 0, call.shapeOf(x).length);
  const given = [...call.known(1)];
  const rest = given.reduce((left, size) => left - Math.max(0, size), call.shapeOf(x)[axis] ?? 0);
  return parts(
    call,
    x,
    axis,
    given.map((size) => (size === -1 ? rest : size)),
  );
};

const unpack: TfliteImporter = (call) => {
  const x = source(call);
  const shape = call.shapeOf(x);
  const axis = frontAxis(call, call.options.int32(1), shape.length);
  const sizes = call.operator.outputs.map(() => 1);
  return parts(call, x, axis, sizes).map((value) =>
    call.add("reshape", [value], { shape: shape.toSpliced(axis, 1) }),
  );
};

const pack: TfliteImporter = (call) => {
  const values = call.operator.inputs.map((_, index) => source(call, index));
  const [first = ""] = values;
  const shape = call.shapeOf(first);
  const axis = frontAxis(call, call.options.int32(1), shape.length + 1);
  const wide = values.map((value) => call.add("reshape", [value], { shape: shape.toSpliced(axis, 0, 1) }));
  return call.add("concat", wide, { axis });
};

/** `ConcatenationWithScaling`: a u8 input of another scale than the output, through binary32. */
function withScaleOf(call: TfliteCall, index: number, output: Quantized): string {
  const input = call.quantized(call.input(index));
  const value = call.value(index);
  if (input.scale === output.scale && input.zero === output.zero) return value;
  if (call.dtype(index) !== "u8") throw call.refuse("joins values of different scales");
  return lookedUp(call, value, input, call.result(), (x) => {
    const scale = Math.fround(input.scale * Math.fround(1 / output.scale));
    const bias = Math.fround(-input.zero * scale);
    return roundHalfAway(Math.fround(Math.fround(x * scale) + bias)) + output.zero;
  });
}

const concatenation: TfliteImporter = (call) => {
  if (fusedActivation(call, 1) !== "NONE") throw call.refuse("has an activation");
  const values = call.operator.inputs.map((_, index) =>
    isQuantized(call) ? withScaleOf(call, index, call.quantized(call.output())) : source(call, index),
  );
  const axis = frontAxis(call, call.options.int32(0), call.shapeOf(values[0] ?? "").length);
  return call.add("concat", values, { axis });
};

/** Padding with zeros: of quantized integers, with the number that stands for 0. */
const pad: TfliteImporter = (call) => {
  requireSameScale(call);
  const x = source(call);
  const sizes = [...call.known(1)];
  const given = call.has(2) ? call.known(2)[0] : undefined;
  const zero = isQuantized(call) ? call.quantized(call.output()).zero : 0;
  return call.add("pad", [x], {
    before: sizes.filter((_, at) => at % 2 === 0),
    after: sizes.filter((_, at) => at % 2 === 1),
    between: call.shapeOf(x).map(() => 0),
    value: given ?? zero,
  });
};

/** Indices that are known are put inside the axis, as the compiled operator reads them. */
const gather: TfliteImporter = (call) => {
  requireSameScale(call);
  if (call.options.int32(1) !== 0) throw call.refuse("has batch dimensions");
  const x = source(call);
  const axis = frontAxis(call, call.options.int32(0), call.shapeOf(x).length);
  return call.add("gather", [x, call.value(1)], { axis });
};

/** Where a row or column of a resized map lies in the original (`GetNearestNeighbor`), in binary32. */
function nearestIndices(
  size: number,
  resized: number,
  isAligned: boolean,
  isHalf: boolean,
): readonly number[] {
  const scale = Math.fround(
    isAligned && resized > 1 ? Math.fround((size - 1) / (resized - 1)) : Math.fround(size / resized),
  );
  return Array.from({ length: resized }, (_, at) => {
    const position = Math.fround(Math.fround(at + (isHalf ? 0.5 : 0)) * scale);
    const index = isAligned ? roundHalfAway(position) : Math.floor(position);
    return Math.max(0, Math.min(size - 1, index));
  });
}

/** Each row and column of a resized map has an index in the module. */
const MOST_ROWS = 2 ** 16;

const resizeNearest: TfliteImporter = (call) => {
  requireSameScale(call);
  const x = source(call);
  const [, height = 1, width = 1] = call.shapeOf(x);
  const [rows = 1, columns = 1] = call.known(1);
  if (Math.min(rows, columns) < 1 || Math.max(rows, columns) > MOST_ROWS) {
    throw call.refuse(`resizes to ${rows}x${columns}`);
  }
  const along = (size: number, resized: number): string =>
    call.constant(
      [resized],
      nearestIndices(size, resized, call.options.bool(0), call.options.bool(1)),
      "i32",
    );
  const tall = call.add("gather", [x, along(height, rows)], { axis: 1 });
  return call.add("gather", [tall, along(width, columns)], { axis: 2 });
};

/** Operators that move numbers, by name. */
export const movementOperators: Readonly<Record<string, TfliteImporter>> = {
  RESHAPE: reshape,
  SQUEEZE: reshape,
  EXPAND_DIMS: reshape,
  TRANSPOSE: transpose,
  SLICE: slice,
  STRIDED_SLICE: stridedSlice,
  SPLIT: split,
  SPLIT_V: splitVariably,
  PACK: pack,
  UNPACK: unpack,
  CONCATENATION: concatenation,
  PAD: pad,
  PADV2: pad,
  GATHER: gather,
  RESIZE_NEAREST_NEIGHBOR: resizeNearest,
};
