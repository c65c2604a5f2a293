/** TensorFlow's operators on plain arrays. */
import { damagedTfjs } from "../errors.ts";
import {
  createEvaluator,
  type Evaluator,
  type Call as NodeCall,
  type Operation as NodeOperation,
} from "../evaluator.ts";
import { showNode } from "../file-node.ts";
import { elementsOf, type NdArray, reshaped, zeros } from "../nd-array.ts";
import { integerOf, integersOf, stringOf } from "./attributes.ts";
import type { TfjsNode } from "./schema.ts";
import { paddingOf, strideOf, windowObstacle } from "./window.ts";

type Call = NodeCall<TfjsNode>;
type Operation = NodeOperation<TfjsNode>;

const operations: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ["Identity", (call) => [operand(call, 0)]],
  ["Cast", cast],
  ["Add", pairwise((a, b) => a + b)],
  ["AddV2", pairwise((a, b) => a + b)],
  ["Sub", pairwise((a, b) => a - b)],
  ["Mul", pairwise((a, b) => a * b)],
  ["FloorDiv", pairwise((a, b) => Math.floor(a / b))],
  ["FloorMod", pairwise((a, b) => a - Math.floor(a / b) * b)],
  ["Equal", pairwise((a, b) => (a === b ? 1 : 0), "bool")],
  ["GreaterEqual", pairwise((a, b) => (a >= b ? 1 : 0), "bool")],
  ["MaxPool", maxPool],
  ["TopKV2", topK],
  ["Reshape", reshape],
  ["ExpandDims", expandDims],
  ["GatherV2", gather],
  ["StridedSlice", stridedSlice],
  ["ConcatV2", concat],
]);

/** An evaluator of TensorFlow nodes: those behind a CenterNet's maps, which find peaks and gather their boxes. */
export function tfjsEvaluator(): Evaluator<TfjsNode> {
  return createEvaluator(operations);
}

function operand({ node, inputs }: Call, index: number): NdArray {
  const input = inputs[index];
  if (!input) throw damagedTfjs(`${showNode(node)} lacks its input ${index}`);
  return input;
}

/** DataType of TensorFlow's types.proto, by name or number. */
const TYPES: ReadonlyMap<string | number, NdArray["type"]> = new Map<string | number, NdArray["type"]>([
  ["DT_INT32", "int"],
  [3, "int"],
  ["DT_INT64", "int"],
  [9, "int"],
  ["DT_BOOL", "bool"],
  [10, "bool"],
]);

function cast(call: Call): NdArray[] {
  const x = operand(call, 0);
  const target = TYPES.get(call.node.attr.get("DstT")?.type ?? "") ?? "float";
  const y = zeros(target, x.shape);
  const convert = { float: (n: number) => n, int: Math.trunc, bool: (n: number) => Number(n !== 0) }[target];
  for (let i = 0; i < y.data.length; i++) y.data[i] = convert(x.data[i] ?? 0);
  return [y];
}

/** Two tensors of the same shape, or one of them a single number: peak finders need no other broadcasting. */
function pairwise(combine: (a: number, b: number) => number, type?: "bool"): Operation {
  return (call) => {
    const { node } = call;
    const [a, b] = [operand(call, 0), operand(call, 1)];
    if (a.data.length > 1 && b.data.length > 1 && a.shape.join() !== b.shape.join()) {
      throw damagedTfjs(`${showNode(node)} combines [${a.shape.join(", ")}] and [${b.shape.join(", ")}]`);
    }
    const long = a.shape.length + a.data.length >= b.shape.length + b.data.length ? a : b;
    const [stepA, stepB] = [a.data.length > 1 ? 1 : 0, b.data.length > 1 ? 1 : 0];
    const y = zeros(type ?? a.type, long.shape);
    for (let i = 0; i < y.data.length; i++) {
      y.data[i] = combine(a.data[i * stepA] ?? 0, b.data[i * stepB] ?? 0);
    }
    return [y];
  };
}

/** On [1, height, width, channels], with stride 1. Cells beyond the edge are ignored. */
function maxPool(call: Call): NdArray[] {
  const { node } = call;
  const { shape, data } = operand(call, 0);
  const [batch, height = 0, width = 0, channels = 0] = shape;
  const [, kernelHeight = 0, kernelWidth = 0] = integersOf(node, "ksize");
  const isCentred = windowObstacle(node) === undefined && stringOf(node, "padding") === "SAME";
  if (
    shape.length !== 4 ||
    batch !== 1 ||
    !isCentred ||
    strideOf(node) !== 1 ||
    kernelHeight * kernelWidth > 64
  ) {
    throw damagedTfjs(`${showNode(node)} does not compare every cell with its neighbours`);
  }
  const { top, left } = paddingOf(node, [height, width], [kernelHeight, kernelWidth]);
  const y = zeros("float", shape);
  const result = y.data.fill(Number.NEGATIVE_INFINITY);
  for (let y = 0; y < height; y++) {
    for (let row = Math.max(0, y - top); row < Math.min(height, y - top + kernelHeight); row++) {
      for (let x = 0; x < width; x++) {
        for (let column = Math.max(0, x - left); column < Math.min(width, x - left + kernelWidth); column++) {
          const [to, from] = [(y * width + x) * channels, (row * width + column) * channels];
          for (let c = 0; c < channels; c++)
            result[to + c] = Math.max(result[to + c] ?? 0, data[from + c] ?? 0);
        }
      }
    }
  }
  return [y];
}

/** The k largest of [1, n] in falling order, and their indices. Of equal values the first comes first. */
function topK(call: Call): NdArray[] {
  const { node } = call;
  const { shape, data } = operand(call, 0);
  const k = operand(call, 1).data[0] ?? 0;
  if (shape.length !== 2 || shape[0] !== 1 || !Number.isInteger(k) || k < 1 || k > data.length) {
    throw damagedTfjs(`${showNode(node)} takes the ${k} largest of [${shape.join(", ")}]`);
  }
  const least = data.toSorted()[data.length - k] ?? 0;
  const indices: number[] = [];
  data.forEach((value, index) => {
    if (value > least) indices.push(index);
  });
  for (let index = 0; index < data.length && indices.length < k; index++)
    if (data[index] === least) indices.push(index);
  indices.sort((a, b) => (data[b] ?? 0) - (data[a] ?? 0) || a - b);
  return [
    { type: "float", shape: [1, k], data: Float32Array.from(indices, (index) => data[index] ?? 0) },
    { type: "int", shape: [1, k], data: Float64Array.from(indices) },
  ];
}

function reshape(call: Call): NdArray[] {
  const { node } = call;
  const x = operand(call, 0);
  const { data } = x;
  const asked = [...operand(call, 1).data];
  const known = asked.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
  const shape = asked.map((size) => (size === -1 ? data.length / known : size));
  if (elementsOf(shape) === data.length) return [reshaped(x, shape)];
  throw damagedTfjs(`${showNode(node)} shapes ${data.length} elements as [${asked.join(", ")}]`);
}

function expandDims(call: Call): NdArray[] {
  const x = operand(call, 0);
  const axis = operand(call, 1).data[0] ?? 0;
  return [reshaped(x, x.shape.toSpliced(axis < 0 ? axis + x.shape.length + 1 : axis, 0, 1))];
}

/** Rows of a matrix, by index. */
function gather(call: Call): NdArray[] {
  const { node } = call;
  const [table, rows] = [operand(call, 0), operand(call, 1)];
  const [height = 0, width = 0, ...more] = table.shape;
  const axis = operand(call, 2).data[0];
  const inside = rows.data.every((row) => Number.isInteger(row) && row >= 0 && row < height);
  if (more.length > 0 || axis !== 0 || integerOf(node, "batch_dims", 0) !== 0 || !inside) {
    throw damagedTfjs(`${showNode(node)} does not gather rows of a matrix [${table.shape.join(", ")}]`);
  }
  const y = zeros(table.type, [...rows.shape, width]);
  rows.data.forEach((row, to) => {
    y.data.set(table.data.subarray(row * width, (row + 1) * width), to * width);
  });
  return [y];
}

/** A range of the last axis, and all of the other axes. */
function stridedSlice(call: Call): NdArray[] {
  const { node } = call;
  const x = operand(call, 0);
  const { shape, data } = x;
  const [from, to, step] = [1, 2, 3].map((index) => operand(call, index).data);
  const last = shape.length - 1;
  const columns = shape[last] ?? 0;
  const masked = (name: string, axis: number): boolean => ((integerOf(node, name, 0) >> axis) & 1) === 1;
  const isWhole = shape.every(
    (size, axis) =>
      step?.[axis] === 1 &&
      (axis === last ||
        ((masked("begin_mask", axis) || from?.[axis] === 0) &&
          (masked("end_mask", axis) || to?.[axis] === size))),
  );
  const [first, end] = [
    masked("begin_mask", last) ? 0 : (from?.[last] ?? -1),
    masked("end_mask", last) ? columns : (to?.[last] ?? -1),
  ];
  const others = ["ellipsis_mask", "new_axis_mask", "shrink_axis_mask"].some(
    (name) => integerOf(node, name, 0) !== 0,
  );
  if (!isWhole || others || from?.length !== shape.length || !(first >= 0 && end > first && end <= columns)) {
    throw damagedTfjs(`${showNode(node)} does not take a range of the last axis of [${shape.join(", ")}]`);
  }
  const width = end - first;
  const y = zeros(x.type, shape.with(last, width));
  for (let i = 0; i < y.data.length; i++)
    y.data[i] = data[Math.floor(i / width) * columns + first + (i % width)] ?? 0;
  return [y];
}

/** Along the last axis. */
function concat(call: Call): NdArray[] {
  const { node } = call;
  const axis = operand(call, call.inputs.length - 1).data[0];
  const parts = call.inputs.slice(0, -1).map((_, index) => operand(call, index));
  const first = operand(call, 0);
  const last = first.shape.length - 1;
  const outer = first.shape.slice(0, last).join();
  if (
    (axis !== -1 && axis !== last) ||
    parts.some(({ shape }) => shape.slice(0, -1).join() !== outer || shape.length !== last + 1)
  ) {
    throw damagedTfjs(
      `${showNode(node)} cannot join ${parts.map(({ shape }) => `[${shape.join(", ")}]`).join(" and ")} along the last axis`,
    );
  }
  const width = parts.reduce((sum, { shape }) => sum + (shape[last] ?? 0), 0);
  const y = zeros(first.type, first.shape.with(last, width));
  let column = 0;
  for (const part of parts) {
    const columns = part.shape[last] ?? 0;
    part.data.forEach((value, i) => {
      y.data[Math.floor(i / columns) * width + column + (i % columns)] = value;
    });
    column += columns;
  }
  return [y];
}
