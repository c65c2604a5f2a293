/** Nodes that combine elements along axes: reductions, products of matrices, softmax and normalisation. */

import type { Combining } from "../../../ops/reductions.ts";
import { elements } from "../../../ops/shapes.ts";
import { floatAttribute, intAttribute } from "../attributes.ts";
import { transposed } from "./movement.ts";
import { frontAxis, integersOf, type NodeCall, type NodeImporter, refuse, tableLength } from "./node-call.ts";

interface Axes {
  readonly axes: readonly number[];
  readonly keep: boolean;
}

/** The axes of a Reduce node: an input in newer files, an attribute in older ones; all when there are none. */
function axesOf(call: NodeCall, rank: number): Axes {
  const given = integersOf(call, 1, "axes") ?? [];
  const isCopy = intAttribute(call.node, "noop_with_empty_axes", 0) === 1;
  const all = isCopy ? [] : Array.from({ length: rank }, (_, axis) => axis);
  return {
    axes:
      given.length === 0 ? all : given.map((axis) => frontAxis(call, axis, rank)).toSorted((a, b) => a - b),
    keep: intAttribute(call.node, "keepdims", 1) === 1,
  };
}

function reduced(
  call: NodeCall,
  x: string,
  combining: Combining,
  { axes, keep }: Axes,
  isAverage = false,
): string {
  const shape = call.shapeOf(x);
  const count = elements(axes.map((axis) => shape[axis] ?? 1));
  return call.add("reduce", [x], { combining, axes, keep, factor: isAverage ? 1 / count : 1 });
}

/** @param before what is reduced, @param after what is made of the result */
function reduction(
  combining: Combining,
  before: (call: NodeCall, x: string) => string = (_, x) => x,
  after: (call: NodeCall, y: string) => string = (_, y) => y,
  isAverage = false,
): NodeImporter {
  return {
    known: [1],
    add(call) {
      const x = call.value(0);
      const axes = axesOf(call, call.shapeOf(x).length);
      return after(call, reduced(call, before(call, x), combining, axes, isAverage));
    },
  };
}

const square = (call: NodeCall, x: string): string => call.add("mul", [x, x], {});

/** ln Σ eˣ, with the largest x taken out so that no power overflows. */
function logSumExp(call: NodeCall): string {
  const x = call.value(0);
  const { axes, keep } = axesOf(call, call.shapeOf(x).length);
  const largest = reduced(call, x, "max", { axes, keep: true });
  const powers = call.add("exp", [call.add("sub", [x, largest], {})], {});
  const sum = call.add("log", [reduced(call, powers, "sum", { axes, keep: true })], {});
  const y = call.add("add", [sum, largest], {});
  if (keep) return y;
  return call.add("reshape", [y], { shape: call.shapeOf(x).filter((_, axis) => !axes.includes(axis)) });
}

/** Makes a matrix of a vector, as a row or as a column. */
function asMatrix(call: NodeCall, x: string, isRow: boolean): string {
  const [size = 0, ...others] = call.shapeOf(x);
  return others.length > 0 ? x : call.add("reshape", [x], { shape: isRow ? [1, size] : [size, 1] });
}

function matmul(call: NodeCall): string {
  const [a, b] = [call.value(0), call.value(1)];
  const [isRow, isColumn] = [call.shapeOf(a).length === 1, call.shapeOf(b).length === 1];
  const product = call.add("matmul", [asMatrix(call, a, true), asMatrix(call, b, false)], {});
  if (!isRow && !isColumn) return product;
  const shape = call.shapeOf(product);
  const isLeft = (axis: number) =>
    !(isRow && axis === shape.length - 2) && !(isColumn && axis === shape.length - 1);
  return call.add("reshape", [product], { shape: shape.filter((_, axis) => isLeft(axis)) });
}

function gemm(call: NodeCall): string {
  const flip = (index: number, name: string): string => {
    const value = call.value(index);
    return intAttribute(call.node, name, 0) === 1 ? transposed(call, value, [1, 0]) : value;
  };
  const scaled = (value: string, factor: number): string =>
    factor === 1 ? value : call.add("mul", [value, call.scalar(factor, value)], {});
  const product = call.add("matmul", [flip(0, "transA"), flip(1, "transB")], {});
  const y = scaled(product, floatAttribute(call.node, "alpha", 1));
  if (!call.has(2)) return y;
  return call.add("add", [y, scaled(call.value(2), floatAttribute(call.node, "beta", 1))], {});
}

/**
 * Up to operator set 12, softmax joins all axes from `axis` on.
 * @param end makes the result of x minus its maximum, and the sum of the powers
 */
function softmax(
  end: (call: NodeCall, shifted: string, powers: string, sum: string) => string,
): NodeImporter {
  return {
    add(call) {
      const x = call.value(0);
      const shape = call.shapeOf(x);
      const joins = call.opset < 13;
      const axis = frontAxis(
        call,
        intAttribute(call.node, "axis", joins ? 1 : -1),
        Math.max(1, shape.length),
      );
      const flat = [elements(shape.slice(0, axis)), elements(shape.slice(axis))];
      const source = joins ? call.add("reshape", [x], { shape: flat }) : x;
      const along = { axes: [joins ? 1 : axis], keep: true };
      const shifted = call.add("sub", [source, reduced(call, source, "max", along)], {});
      const powers = call.add("exp", [shifted], {});
      const y = end(call, shifted, powers, reduced(call, powers, "sum", along));
      return joins ? call.add("reshape", [y], { shape }) : y;
    },
  };
}

/** A vector per channel as a value that broadcasts over [batch, channels, …]. */
function perChannel(call: NodeCall, index: number, rank: number): string {
  const vector = call.value(index);
  return call.add("reshape", [vector], {
    shape: [...call.shapeOf(vector), ...Array(Math.max(0, rank - 2)).fill(1)],
  });
}

/** (x − mean) · scale / √(variance + ε) + bias */
function normalized(
  call: NodeCall,
  x: string,
  { mean, variance, scale, bias }: { mean: string; variance: string; scale: string; bias?: string },
): string {
  const epsilon = call.scalar(floatAttribute(call.node, "epsilon", 1e-5), x);
  const deviation = call.add("sqrt", [call.add("add", [variance, epsilon], {})], {});
  const factor = call.add("div", [scale, deviation], {});
  const product = call.add("mul", [call.add("sub", [x, mean], {}), factor], {});
  return bias === undefined ? product : call.add("add", [product, bias], {});
}

function batchNorm(call: NodeCall): string {
  if (
    intAttribute(call.node, "training_mode", 0) !== 0 ||
    call.node.output.slice(1).some((name) => name !== "")
  ) {
    throw refuse(call.node, "is in training mode");
  }
  const x = call.value(0);
  const rank = call.shapeOf(x).length;
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map((index) => perChannel(call, index, rank));
  return normalized(call, x, {
    scale: scale ?? "",
    bias: bias ?? "",
    mean: mean ?? "",
    variance: variance ?? "",
  });
}

/** Mean and variance along axes. */
function moments(call: NodeCall, x: string, axes: readonly number[]): { mean: string; variance: string } {
  const mean = reduced(call, x, "sum", { axes, keep: true }, true);
  const squares = square(call, call.add("sub", [x, mean], {}));
  return { mean, variance: reduced(call, squares, "sum", { axes, keep: true }, true) };
}

function instanceNorm(call: NodeCall): string {
  const x = call.value(0);
  const rank = call.shapeOf(x).length;
  const axes = Array.from({ length: rank - 2 }, (_, axis) => axis + 2);
  const [scale, bias] = [perChannel(call, 1, rank), perChannel(call, 2, rank)];
  return normalized(call, x, { ...moments(call, x, axes), scale, bias });
}

/** The result, and the mean and the inverse deviation, which few models read. */
function layerNorm(call: NodeCall): readonly string[] {
  const x = call.value(0);
  const rank = call.shapeOf(x).length;
  const first = frontAxis(call, intAttribute(call.node, "axis", -1), rank);
  const axes = Array.from({ length: rank - first }, (_, axis) => first + axis);
  const bias = call.has(2) ? { bias: call.value(2) } : {};
  const { mean, variance } = moments(call, x, axes);
  const y = normalized(call, x, { mean, variance, scale: call.value(1), ...bias });
  const epsilon = call.scalar(floatAttribute(call.node, "epsilon", 1e-5), x);
  const deviation = call.add("sqrt", [call.add("add", [variance, epsilon], {})], {});
  return [y, mean, call.add("div", [call.scalar(1, x), deviation], {})];
}

/**
 * The first or last index of the largest or smallest element. Where x has that element the indices stand, elsewhere an index
 * that never wins.
 */
function indexOf(extreme: "max" | "min"): NodeImporter {
  return {
    isLong: () => true,
    add(call) {
      const x = call.value(0);
      const shape = call.shapeOf(x);
      const axis = frontAxis(call, intAttribute(call.node, "axis", 0), shape.length);
      const size = shape[axis] ?? 1;
      const isLast = intAttribute(call.node, "select_last_index", 0) === 1;
      const isBest = call.add("equal", [x, reduced(call, x, extreme, { axes: [axis], keep: true })], {});
      const along = shape.map((_, at) => (at === axis ? size : 1));
      const indices = call.constant(along, [...Array(tableLength(call, size)).keys()], "i32");
      const chosen = call.add(
        "where",
        [isBest, indices, call.constant([], [isLast ? 0 : size - 1], "i32")],
        {},
      );
      const keep = intAttribute(call.node, "keepdims", 1) === 1;
      return reduced(call, chosen, isLast ? "max" : "min", { axes: [axis], keep });
    },
  };
}

/** Nodes that combine elements, by operator. */
export const reductionNodes: Readonly<Record<string, NodeImporter>> = {
  ReduceSum: reduction("sum"),
  ReduceMean: reduction("sum", undefined, undefined, true),
  ReduceMax: reduction("max"),
  ReduceMin: reduction("min"),
  ReduceProd: reduction("product"),
  ReduceL1: reduction("sum", (call, x) => call.add("abs", [x], {})),
  ReduceL2: reduction("sum", square, (call, y) => call.add("sqrt", [y], {})),
  ReduceSumSquare: reduction("sum", square),
  ReduceLogSum: reduction("sum", undefined, (call, y) => call.add("log", [y], {})),
  ReduceLogSumExp: { known: [1], add: logSumExp },
  ArgMax: indexOf("max"),
  ArgMin: indexOf("min"),
  MatMul: { add: matmul },
  Gemm: { add: gemm },
  Softmax: softmax((call, _, powers, sum) => call.add("div", [powers, sum], {})),
  LogSoftmax: softmax((call, shifted, _, sum) => call.add("sub", [shifted, call.add("log", [sum], {})], {})),
  BatchNormalization: { add: batchNorm },
  InstanceNormalization: { add: instanceNorm },
  LayerNormalization: { add: layerNorm },
};
