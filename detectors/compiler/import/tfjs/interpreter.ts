/** A plain interpreter for the nodes behind a CenterNet's maps, which find peaks and gather their boxes. */
import { damagedTfjs } from "../errors.ts";
import { integerOf, integersOf, stringOf } from "./attributes.ts";
import { showNode } from "./graph.ts";
import type { TfjsNode } from "./schema.ts";
import { elementsOf, type TfjsTensor } from "./weights.ts";
import { paddingOf, strideOf, windowObstacle } from "./window.ts";

/** Computes a node's outputs. @throws ModelError when the node breaks the operator's rules. */
type Operation = (node: TfjsNode, inputs: readonly TfjsTensor[]) => readonly TfjsTensor[];

const operations: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ["Identity", (node, inputs) => [operand(node, inputs, 0)]],
  ["Cast", cast],
  ["Add", pairwise((a, b) => a + b)],
  ["AddV2", pairwise((a, b) => a + b)],
  ["Sub", pairwise((a, b) => a - b)],
  ["Mul", pairwise((a, b) => a * b)],
  ["FloorDiv", pairwise((a, b) => Math.floor(a / b))],
  ["FloorMod", pairwise((a, b) => a - Math.floor(a / b) * b)],
  ["Equal", pairwise((a, b) => (a === b ? 1 : 0))],
  ["GreaterEqual", pairwise((a, b) => (a >= b ? 1 : 0))],
  ["MaxPool", maxPool],
  ["TopKV2", topK],
  ["Reshape", reshape],
  ["ExpandDims", expandDims],
  ["GatherV2", gather],
  ["StridedSlice", stridedSlice],
  ["ConcatV2", concat],
]);

/** Whether the interpreter can compute nodes of this type. */
export function canInterpret(op: string): boolean {
  return operations.has(op);
}

/** Finding the peaks of a 2048×2048 input takes about 250 million elements. A file that needs more is hostile. */
const MAX_WORK_ELEMENTS = 2 ** 28;

/**
 * Runs nodes in order and adds their outputs to `values`.
 * @throws ModelError when a value is missing, a node breaks its operator's rules, or all nodes need too much work.
 */
export function interpret(nodes: readonly TfjsNode[], values: Map<string, TfjsTensor>): void {
  let work = 0;
  for (const node of nodes) {
    if (values.has(node.name)) continue;
    const operation = operations.get(node.op);
    if (!operation) throw damagedTfjs(`${showNode(node)} cannot be computed`);
    const inputs = node.input.map((name) => {
      const value = values.get(name);
      if (!value) throw damagedTfjs(`${showNode(node)} uses "${name}", which is not known`);
      work += value.data.length;
      return value;
    });
    if (work > MAX_WORK_ELEMENTS) throw damagedTfjs("finding its boxes takes too much computation");
    for (const [index, output] of operation(node, inputs).entries()) {
      values.set(index === 0 ? node.name : `${node.name}:${index}`, output);
    }
  }
}

function operand(node: TfjsNode, inputs: readonly TfjsTensor[], index: number): TfjsTensor {
  const input = inputs[index];
  if (!input) throw damagedTfjs(`${showNode(node)} lacks its input ${index}`);
  return input;
}

function cast(node: TfjsNode, inputs: readonly TfjsTensor[]): TfjsTensor[] {
  const { shape, data } = operand(node, inputs, 0);
  const target = node.attr.get("DstT")?.type;
  return [{ shape, data: target === "DT_INT32" || target === 3 ? data.map(Math.trunc) : data }];
}

/** Two tensors of the same shape, or one of them a single number: peak finders need no other broadcasting. */
function pairwise(combine: (a: number, b: number) => number): Operation {
  return (node, inputs) => {
    const [a, b] = [operand(node, inputs, 0), operand(node, inputs, 1)];
    if (a.data.length > 1 && b.data.length > 1 && a.shape.join() !== b.shape.join()) {
      throw damagedTfjs(`${showNode(node)} combines [${a.shape.join(", ")}] and [${b.shape.join(", ")}]`);
    }
    const long = a.shape.length + a.data.length >= b.shape.length + b.data.length ? a : b;
    const [stepA, stepB] = [a.data.length > 1 ? 1 : 0, b.data.length > 1 ? 1 : 0];
    const data = new Float64Array(long.data.length);
    for (let i = 0; i < data.length; i++) data[i] = combine(a.data[i * stepA] ?? 0, b.data[i * stepB] ?? 0);
    return [{ shape: long.shape, data }];
  };
}

/** On [1, height, width, channels], with stride 1. Cells beyond the edge are ignored. */
function maxPool(node: TfjsNode, inputs: readonly TfjsTensor[]): TfjsTensor[] {
  const { shape, data } = operand(node, inputs, 0);
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
  const result = new Float64Array(data.length).fill(Number.NEGATIVE_INFINITY);
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
  return [{ shape, data: result }];
}

/** The k largest of [1, n] in falling order, and their indices. Of equal values the first comes first. */
function topK(node: TfjsNode, inputs: readonly TfjsTensor[]): TfjsTensor[] {
  const { shape, data } = operand(node, inputs, 0);
  const k = operand(node, inputs, 1).data[0] ?? 0;
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
  const values = Float64Array.from(indices, (index) => data[index] ?? 0);
  return [
    { shape: [1, k], data: values },
    { shape: [1, k], data: Float64Array.from(indices) },
  ];
}

function reshape(node: TfjsNode, inputs: readonly TfjsTensor[]): TfjsTensor[] {
  const { data } = operand(node, inputs, 0);
  const asked = [...operand(node, inputs, 1).data];
  const known = asked.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
  const shape = asked.map((size) => (size === -1 ? data.length / known : size));
  if (elementsOf(shape) === data.length) return [{ shape, data }];
  throw damagedTfjs(`${showNode(node)} shapes ${data.length} elements as [${asked.join(", ")}]`);
}

function expandDims(node: TfjsNode, inputs: readonly TfjsTensor[]): TfjsTensor[] {
  const { shape, data } = operand(node, inputs, 0);
  const axis = operand(node, inputs, 1).data[0] ?? 0;
  return [{ shape: shape.toSpliced(axis < 0 ? axis + shape.length + 1 : axis, 0, 1), data }];
}

/** Rows of a matrix, by index. */
function gather(node: TfjsNode, inputs: readonly TfjsTensor[]): TfjsTensor[] {
  const [table, rows] = [operand(node, inputs, 0), operand(node, inputs, 1)];
  const [height = 0, width = 0, ...more] = table.shape;
  const axis = operand(node, inputs, 2).data[0];
  const inside = rows.data.every((row) => Number.isInteger(row) && row >= 0 && row < height);
  if (more.length > 0 || axis !== 0 || integerOf(node, "batch_dims", 0) !== 0 || !inside) {
    throw damagedTfjs(`${showNode(node)} does not gather rows of a matrix [${table.shape.join(", ")}]`);
  }
  const shape = [...rows.shape, width];
  const data = new Float64Array(elementsOf(shape));
  rows.data.forEach((row, to) => {
    data.set(table.data.subarray(row * width, (row + 1) * width), to * width);
  });
  return [{ shape, data }];
}

/** A range of the last axis, and all of the other axes. */
function stridedSlice(node: TfjsNode, inputs: readonly TfjsTensor[]): TfjsTensor[] {
  const { shape, data } = operand(node, inputs, 0);
  const [from, to, step] = [1, 2, 3].map((index) => operand(node, inputs, index).data);
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
  const result = new Float64Array((data.length / columns) * width);
  for (let i = 0; i < result.length; i++)
    result[i] = data[Math.floor(i / width) * columns + first + (i % width)] ?? 0;
  return [{ shape: shape.with(last, width), data: result }];
}

/** Along the last axis. */
function concat(node: TfjsNode, inputs: readonly TfjsTensor[]): TfjsTensor[] {
  const axis = operand(node, inputs, inputs.length - 1).data[0];
  const parts = inputs.slice(0, -1);
  const first = operand(node, parts, 0);
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
  const shape = first.shape.with(last, width);
  const data = new Float64Array(elementsOf(shape));
  let column = 0;
  for (const part of parts) {
    const columns = part.shape[last] ?? 0;
    part.data.forEach((value, i) => {
      data[Math.floor(i / columns) * width + column + (i % columns)] = value;
    });
    column += columns;
  }
  return [{ shape, data }];
}
