/** Random small convolutional ONNX models: windows, what follows them in networks, and tails of matrices. */
import { elements, sameShape } from "../../../detectors/compiler/ops/shapes.ts";
import { seededFloats } from "../base/seeded.ts";
import { onnxFile, writeOnnx } from "./onnx-writer.ts";
import type { Draw, Random, Step, Value } from "./random-draw.ts";
import type { RandomModel } from "./random-onnx.ts";
import { convolution, globalPool, pool, transposedConvolution } from "./random-windows.ts";

const isMap = ({ shape }: Value): boolean => shape.length === 3 || shape.length === 4;

const one = (name: string, shape: readonly number[]): readonly Value[] => [{ name, shape }];

function batchNormalization(x: Value, { model, numbers }: Draw) {
  const [, channels = 1] = x.shape;
  if (!isMap(x)) return undefined;
  const variance = model.add("Exp", [numbers([channels])]);
  const operands = [numbers([channels]), numbers([channels]), numbers([channels]), variance];
  return one(model.add("BatchNormalization", [x.name, ...operands]), x.shape);
}

function activation(x: Value, { model, pick, numbers, random }: Draw) {
  const op = pick(["Relu", "LeakyRelu", "Sigmoid", "HardSwish", "Clip", "SiLU", "PRelu", "Mish"]);
  if (op === "SiLU") return one(model.add("Mul", [x.name, model.add("Sigmoid", [x.name])]), x.shape);
  if (op === "Mish") {
    return one(model.add("Mul", [x.name, model.add("Tanh", [model.add("Softplus", [x.name])])]), x.shape);
  }
  if (op === "Clip") return one(model.add("Clip", [x.name, model.scalar(0), model.scalar(6)]), x.shape);
  if (op !== "PRelu") return one(model.add(op, [x.name]), x.shape);
  const slope = random() < 0.5 ? [] : x.shape.slice(1).map((size, axis) => (axis === 0 ? size : 1));
  return one(model.add("PRelu", [x.name, numbers(slope)]), x.shape);
}

/** With a constant of a number for each channel, row, column or position, or one for all, on either side. */
function withConstant(x: Value, { model, pick, numbers, random }: Draw) {
  const [, channels = 1, ...sizes] = x.shape;
  const ones = sizes.map(() => 1);
  const shape = pick([
    [],
    [1],
    [1, channels, ...ones],
    [channels, ...ones],
    [1, 1, ...sizes],
    [...sizes.slice(0, 1), ...ones.slice(1)],
    sizes.slice(-1),
    x.shape,
  ]);
  const op = pick(["Add", "Sub", "Mul", "Div"]);
  const constant = op === "Div" ? model.add("Exp", [numbers(shape)]) : numbers(shape);
  const isFirst = op !== "Div" && random() < 0.3;
  return one(model.add(op, isFirst ? [constant, x.name] : [x.name, constant]), x.shape);
}

/** With another value of the same shape, or of a number for each channel or position. */
function withBranch(x: Value, { model, pick, random }: Draw, values: readonly Value[]) {
  const others = values.filter(
    ({ shape }) =>
      shape.length === x.shape.length &&
      shape.every((size, axis) => size === x.shape[axis] || (axis > 0 && size === 1)),
  );
  const other = pick(others);
  // Of a value less its own average nothing but rounding may be left.
  const isSame = sameShape(other.shape, x.shape);
  const op = pick(["Add", isSame ? "Sub" : "Add", "Mul", "Max"]);
  return one(model.add(op, random() < 0.3 ? [other.name, x.name] : [x.name, other.name]), x.shape);
}

/** Squeeze and excitation: a factor for each channel, of their averages. */
function excitation(x: Value, { model, numbers, below, pick }: Draw) {
  const [, channels = 1, ...sizes] = x.shape;
  if (!isMap(x)) return undefined;
  const ones = sizes.map(() => 1);
  const inner = 1 + below(4);
  const averages = model.add("GlobalAveragePool", [x.name]);
  const narrow = model.add("Conv", [averages, numbers([inner, channels, ...ones]), numbers([inner])]);
  const wide = model.add("Conv", [model.add("Relu", [narrow]), numbers([channels, inner, ...ones])]);
  const factor = model.add(pick(["Sigmoid", "HardSigmoid"]), [wide]);
  return one(model.add("Mul", [x.name, factor]), x.shape);
}

function concat(x: Value, { model, pick, below }: Draw, values: readonly Value[]) {
  const axis = x.shape.length < 2 ? 0 : 1 + below(x.shape.length - 1);
  const others = values.filter(
    ({ shape }) =>
      shape.length === x.shape.length && shape.every((size, at) => at === axis || size === x.shape[at]),
  );
  const other = pick(others);
  const size = (x.shape[axis] ?? 1) + (other.shape[axis] ?? 1);
  return one(model.add("Concat", [x.name, other.name], { axis }), x.shape.with(axis, size));
}

function split(x: Value, { model, below }: Draw) {
  const axis = x.shape.length < 3 ? x.shape.length - 1 : 1 + below(2);
  const size = x.shape[axis] ?? 1;
  if (size < 2) return undefined;
  const first = 1 + below(size - 1);
  const names = model.addMany("Split", [x.name, model.integers([first, size - first])], 2, { axis });
  return [first, size - first].map((part, at) => ({
    name: names[at] ?? "",
    shape: x.shape.with(axis, part),
  }));
}

function slice(x: Value, { model, below }: Draw) {
  const axis = Math.min(1 + below(3), x.shape.length - 1);
  const size = x.shape[axis] ?? 1;
  const [start, step] = [below(size), 1 + below(2)];
  const bounds = [[start], [size], [axis], [step]].map((list) => model.integers(list));
  const shape = x.shape.with(axis, Math.ceil((size - start) / step));
  return one(model.add("Slice", [x.name, ...bounds]), shape);
}

function pad(x: Value, { model, below, pick }: Draw) {
  if (!isMap(x)) return undefined;
  const sides = [0, 1].map(() => x.shape.map((_, axis) => (axis === 0 ? 0 : below(axis === 1 ? 2 : 3))));
  const mode = pick(["constant", "edge", "reflect"]);
  const [before = [], after = []] = sides;
  const most = Math.max(...before, ...after);
  if (mode === "reflect" && x.shape.slice(1).some((size) => size <= most)) return undefined;
  const shape = x.shape.map((size, axis) => size + (before[axis] ?? 0) + (after[axis] ?? 0));
  const operands = [x.name, model.integers(sides.flat())];
  if (mode === "constant") operands.push(model.scalar(pick([0, 0, 0.5])));
  return one(model.add("Pad", operands, { mode }), shape);
}

/** ShuffleNet's: the channels of each group are dealt to all groups. */
function shuffle(x: Value, { model, pick }: Draw) {
  const [, channels = 1, ...sizes] = x.shape;
  const groups = [2, 3, 4].filter((count) => channels % count === 0 && channels > count);
  if (!isMap(x) || groups.length === 0) return undefined;
  const count = pick(groups);
  const parted = model.add("Reshape", [x.name, model.integers([1, count, channels / count, ...sizes])]);
  const moved = model.add("Transpose", [parted], { perm: [0, 2, 1, ...sizes.map((_, axis) => axis + 3)] });
  return one(model.add("Reshape", [moved, model.integers([1, channels, ...sizes])]), x.shape);
}

function resize(x: Value, { model, pick }: Draw) {
  const [, channels = 1, ...sizes] = x.shape;
  if (!isMap(x)) return undefined;
  const scales = sizes.map(() => pick([1, 2, 2, 3]));
  const mode = pick(["nearest", "linear"]);
  const coordinates = pick(["asymmetric", "half_pixel", "align_corners"]);
  const attributes = {
    mode,
    coordinate_transformation_mode: mode === "nearest" ? "asymmetric" : coordinates,
    ...(mode === "nearest" && { nearest_mode: "floor" }),
  };
  const shape = [1, channels, ...sizes.map((size, axis) => size * (scales[axis] ?? 1))];
  const list = model.floats([scales.length + 2], Float32Array.of(1, 1, ...scales));
  return one(model.add("Resize", [x.name, "", list], attributes), shape);
}

/** Blocks of pixels become channels, or the reverse. */
function blocks(x: Value, { model, pick }: Draw) {
  const [, channels = 1, height = 1, width = 1] = x.shape;
  if (x.shape.length !== 4) return undefined;
  const isEven = height % 2 === 0 && width % 2 === 0;
  if (isEven) {
    const shape = [1, channels * 4, height / 2, width / 2];
    return one(model.add("SpaceToDepth", [x.name], { blocksize: 2 }), shape);
  }
  if (channels % 4 !== 0) return undefined;
  const attributes = { blocksize: 2, mode: pick(["DCR", "CRD"]) };
  const shape = [1, channels / 4, height * 2, width * 2];
  return one(model.add("DepthToSpace", [x.name], attributes), shape);
}

function reshape(x: Value, { model, pick }: Draw) {
  const [batch = 1, channels = 1] = x.shape;
  if (!isMap(x)) return undefined;
  const shape = pick([
    [batch, elements(x.shape)],
    [batch, channels, elements(x.shape.slice(2))],
    [channels, elements(x.shape.slice(2))],
    [batch, 1, channels, elements(x.shape.slice(2))],
  ]);
  return one(model.add("Reshape", [x.name, model.integers(shape)]), shape);
}

function transpose(x: Value, { model, random }: Draw) {
  const perm = x.shape
    .map((_, axis) => axis)
    .toSorted((a, b) => (a === 0 || b === 0 ? a - b : random() - 0.5));
  const shape = perm.map((axis) => x.shape[axis] ?? 1);
  return one(model.add("Transpose", [x.name], { perm }), shape);
}

function matrixProduct(x: Value, { model, below, numbers }: Draw) {
  const inner = x.shape.at(-1) ?? 1;
  const columns = 1 + below(6);
  const name = model.add("MatMul", [x.name, numbers([inner, columns], 1 / Math.sqrt(inner))]);
  return one(name, [...x.shape.slice(0, -1), columns]);
}

function softmax(x: Value, { model, below }: Draw) {
  return one(model.add("Softmax", [x.name], { axis: below(x.shape.length) }), x.shape);
}

function reduction(x: Value, { model, pick, below }: Draw) {
  const axes = x.shape.length > 2 && below(2) === 0 ? x.shape.slice(2).map((_, axis) => axis + 2) : [1];
  const name = model.add(pick(["ReduceMean", "ReduceMax"]), [x.name], { axes, keepdims: 1 });
  return one(
    name,
    x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)),
  );
}

/** Steps in the body, those that networks have most of more than once. */
const BODY: readonly Step[] = [
  ...[convolution, convolution, convolution, convolution, transposedConvolution, pool, pool, globalPool],
  ...[
    batchNormalization,
    activation,
    activation,
    activation,
    withConstant,
    withConstant,
    withBranch,
    withBranch,
  ],
  ...[excitation, concat, concat, split, slice, pad, shuffle, resize, blocks],
];
const TAIL: readonly Step[] = [reshape, transpose, matrixProduct, softmax, reduction, withConstant];

/** Values of more elements are left out, so that a model takes milliseconds. */
const MOST_ELEMENTS = 6000;

/** A model of one input and three to eight steps, with up to three outputs. The same numbers give the same model. */
export function randomConvolutionModel(random: Random): RandomModel {
  const model = writeOnnx();
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <Item>(items: readonly Item[]): Item => {
    const item = items[below(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  };
  const numbers = (shape: readonly number[], scale = 1): string =>
    model.floats(shape, seededFloats(below(2 ** 30), elements(shape), scale));
  const draw: Draw = { random, model, below, pick, numbers };

  const sizes = Array.from({ length: random() < 0.2 ? 1 : 2 }, () => 3 + below(9));
  const input: Value = { name: "input", shape: [1, 1 + below(9), ...sizes] };
  let values: readonly Value[] = [input];
  const grow = (steps: readonly Step[], count: number): void => {
    for (let made = 0; made < count; ) {
      const x = random() < 0.7 ? (values.at(-1) ?? input) : pick(values);
      const results = pick(steps)(x, draw, values) ?? [];
      const kept = results.filter(({ shape }) => elements(shape) <= MOST_ELEMENTS);
      if (kept.length === 0) continue;
      values = [...values, ...kept];
      made++;
    }
  };
  grow([convolution, convolution, pool, globalPool], 1);
  grow(BODY, 2 + below(6));
  grow(TAIL, below(3));
  const computed = values.slice(1);
  const outputs = new Set([
    computed.at(-1)?.name ?? "",
    ...(below(2) ? [pick(computed).name, pick(computed).name] : []),
  ]);
  const file = onnxFile(model, {
    input: { name: input.name, dims: input.shape },
    outputs: [...outputs],
    opset: 17,
  });
  return { file, inputs: [input], operators: model.nodes.map(({ opType }) => opType).join(" → ") };
}
