/** Random small ONNX models of the operators that the compiler claims. */
import {
  encodeModel,
  type OnnxNode,
  type OnnxTensor,
} from "../../../detectors/compiler/import/onnx/schema.ts";
import { elements } from "../../../detectors/compiler/ops/shapes.ts";
import { seededFloats } from "../base/seeded.ts";
import { type Attributes, FLOAT, floatTensor, integerTensor, toAttribute } from "./onnx-writer.ts";

type Random = () => number;

/** A float value of the model under construction. */
interface Value {
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether all engines compute the same bits, so that rounding and comparisons agree. */
  readonly isExact: boolean;
}

export interface RandomModel {
  readonly file: Uint8Array;
  readonly inputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** The operators in order, for messages. */
  readonly operators: string;
}

const SMOOTH = [
  "Relu",
  "Sigmoid",
  "Tanh",
  "Abs",
  "Neg",
  "LeakyRelu",
  "HardSigmoid",
  "HardSwish",
  "Elu",
  "Selu",
];
const SMOOTH_TOO = ["Softplus", "Softsign", "Erf", "Identity", "Celu"];
const STEPPED = ["Floor", "Ceil", "Round", "Sign"];
const REDUCTIONS = [
  "ReduceMean",
  "ReduceMax",
  "ReduceMin",
  "ReduceL1",
  "ReduceL2",
  "ReduceSumSquare",
  "ReduceLogSumExp",
];

/** A model of a few inputs and up to ten operators. The same numbers give the same model. */
export function randomModel(random: Random): RandomModel {
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const inputs: Value[] = [];
  let values: readonly Value[] = [];
  let count = 0;
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <Item>(items: readonly Item[]): Item => {
    const item = items[below(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  };
  const numbers = (shape: readonly number[], scale = 1): string => {
    const name = `constant_${count++}`;
    initializers.push(floatTensor(name, shape, seededFloats(below(2 ** 30), elements(shape), scale)));
    return name;
  };
  const integers = (list: readonly number[]): string => {
    const name = `constant_${count++}`;
    initializers.push(integerTensor(name, list));
    return name;
  };
  const node = (
    opType: string,
    input: readonly string[],
    attributes: Attributes = {},
    outputs = 1,
  ): string => {
    const output = Array.from({ length: outputs }, () => `value_${count++}`);
    const attribute = Object.entries(attributes).map(([name, value]) => toAttribute(name, value));
    nodes.push({ opType, name: `${opType}_${count}`, input, output, attribute });
    return output[0] ?? "";
  };
  /** The shape with some axes of size 1, and perhaps without its first axes. */
  const narrower = (shape: readonly number[]): readonly number[] =>
    shape.slice(below(shape.length + 1)).map((size) => (random() < 0.4 ? 1 : size));

  for (let index = 0; index < 1 + below(2); index++) {
    const shape = pick([[4], [3, 5], [2, 3, 4], [1, 4, 5, 6], [2, 4, 7, 5]]);
    inputs.push({ name: `input_${index}`, shape, isExact: true });
  }
  values = inputs;

  const steps: readonly ((x: Value) => Value | undefined)[] = [
    (x) => ({ ...x, name: node(pick(SMOOTH), [x.name]), isExact: false }),
    (x) => ({ ...x, name: node(pick(SMOOTH_TOO), [x.name]), isExact: false }),
    (x) => (x.isExact ? { ...x, name: node(pick(STEPPED), [x.name]) } : undefined),
    (x) => {
      const positive = node("Add", [node("Abs", [x.name]), numbers([], 0)]);
      return { ...x, name: node("Sqrt", [positive]), isExact: false };
    },
    (x) => ({ ...x, name: node("Exp", [node("Tanh", [x.name])]), isExact: false }),
    (x) => ({ ...x, name: node("Log", [node("Softplus", [node("Tanh", [x.name])])]), isExact: false }),
    (x) => {
      const other = numbers(narrower(x.shape));
      const op = pick(["Add", "Sub", "Mul", "Max", "Min", "PRelu"]);
      return { ...x, name: node(op, [x.name, other]), isExact: false };
    },
    (x) => {
      const divisor = node("Exp", [numbers(narrower(x.shape))]);
      return { ...x, name: node("Div", [x.name, divisor]), isExact: false };
    },
    (x) => ({
      ...x,
      name: node("Pow", [node("Softplus", [x.name]), numbers(narrower(x.shape), 2)]),
      isExact: false,
    }),
    (x) => {
      if (!x.isExact) return undefined;
      const condition = node(pick(["Less", "Greater", "LessOrEqual", "Equal"]), [
        x.name,
        numbers(narrower(x.shape)),
      ]);
      return { ...x, name: node("Where", [condition, x.name, numbers(narrower(x.shape))]) };
    },
    (x) => {
      const perm = x.shape.map((_, axis) => axis).toSorted(() => random() - 0.5);
      return {
        ...x,
        name: node("Transpose", [x.name], { perm }),
        shape: perm.map((axis) => x.shape[axis] ?? 1),
      };
    },
    (x) => {
      const axis = below(x.shape.length + 1);
      const shape = [elements(x.shape.slice(0, axis)), elements(x.shape.slice(axis))];
      return { ...x, name: node("Flatten", [x.name], { axis }), shape };
    },
    (x) => {
      const shape = [x.shape[0] ?? 1, elements(x.shape.slice(1))];
      return { ...x, name: node("Reshape", [x.name, integers([0, -1])]), shape };
    },
    (x) => {
      const axis = below(x.shape.length);
      const size = x.shape[axis] ?? 1;
      const isBackwards = random() < 0.3;
      const start = isBackwards ? size - 1 : below(size);
      const length = isBackwards ? size : size - start;
      const list = isBackwards ? [[-1], [-size - 1], [axis], [-1]] : [[start], [size], [axis], [1]];
      return {
        ...x,
        name: node("Slice", [x.name, ...list.map(integers)]),
        shape: x.shape.with(axis, length),
      };
    },
    (x) => {
      const axis = below(x.shape.length);
      const other = numbers(x.shape.with(axis, 1 + below(3)));
      const size = (x.shape[axis] ?? 0) + (initializers.at(-1)?.dims[axis] ?? 0);
      return { ...x, name: node("Concat", [x.name, other], { axis }), shape: x.shape.with(axis, size) };
    },
    (x) => {
      const axis = below(x.shape.length);
      const size = x.shape[axis] ?? 1;
      if (size < 2) return undefined;
      const name = node("Split", [x.name, integers([1, size - 1])], { axis }, 2);
      return { ...x, name, shape: x.shape.with(axis, 1) };
    },
    (x) => {
      if (x.shape.length > 4) return undefined;
      const axis = below(x.shape.length + 1);
      return {
        ...x,
        name: node("Unsqueeze", [x.name, integers([axis])]),
        shape: x.shape.toSpliced(axis, 0, 1),
      };
    },
    (x) => {
      const shape = [2, ...x.shape];
      return x.shape.length > 4
        ? undefined
        : { ...x, name: node("Expand", [x.name, integers(shape)]), shape };
    },
    (x) => {
      const sides = [...x.shape, ...x.shape].map(() => below(2));
      const shape = x.shape.map(
        (size, axis) => size + (sides[axis] ?? 0) + (sides[x.shape.length + axis] ?? 0),
      );
      return {
        ...x,
        name: node("Pad", [x.name, integers(sides)], { mode: pick(["constant", "edge"]) }),
        shape,
      };
    },
    (x) => {
      const axis = below(x.shape.length);
      const size = x.shape[axis] ?? 1;
      const indices = Array.from({ length: 3 }, () => below(2 * size) - size);
      return {
        ...x,
        name: node("Gather", [x.name, integers(indices)], { axis }),
        shape: x.shape.with(axis, 3),
      };
    },
    (x) => {
      const axis = below(x.shape.length);
      const keepdims = below(2);
      const shape = keepdims === 1 ? x.shape.with(axis, 1) : x.shape.toSpliced(axis, 1);
      return { name: node(pick(REDUCTIONS), [x.name], { axes: [axis], keepdims }), shape, isExact: false };
    },
    (x) => {
      const axis = below(x.shape.length);
      const shape = x.shape.with(axis, 1);
      return { name: node("ReduceSum", [x.name, integers([axis])]), shape, isExact: false };
    },
    (x) => {
      const op = pick(["Softmax", "LogSoftmax"]);
      return { ...x, name: node(op, [x.name], { axis: below(x.shape.length) }), isExact: false };
    },
    (x) => {
      const [inner = 1] = x.shape.slice(-1);
      const columns = 1 + below(6);
      const shape = [...x.shape.slice(0, -1), columns];
      return { name: node("MatMul", [x.name, numbers([inner, columns])]), shape, isExact: false };
    },
    (x) => {
      const [rows = 1, inner = 1, ...more] = x.shape;
      if (x.shape.length !== 2 || more.length > 0) return undefined;
      const columns = 1 + below(6);
      const operands = [x.name, numbers([columns, inner]), numbers([columns])];
      const attributes = { transB: 1, alpha: { float: 0.5 }, beta: { float: 2 } };
      return { name: node("Gemm", operands, attributes), shape: [rows, columns], isExact: false };
    },
    (x) => {
      const [batch = 1, channels = 1, height = 0, width = 0, ...more] = x.shape;
      if (x.shape.length !== 4 || more.length > 0) return undefined;
      const group = channels % 2 === 0 && random() < 0.5 ? 2 : 1;
      const outputs = group * (1 + below(5));
      const operands = [x.name, numbers([outputs, channels / group, 3, 3], 0.5), numbers([outputs])];
      const attributes = { pads: [1, 1, 1, 1], strides: [1, 1], kernel_shape: [3, 3], group };
      return {
        name: node("Conv", operands, attributes),
        shape: [batch, outputs, height, width],
        isExact: false,
      };
    },
    (x) => {
      const [batch = 1, channels = 1, height = 0, width = 0, ...more] = x.shape;
      if (x.shape.length !== 4 || more.length > 0 || height < 2 || width < 2) return undefined;
      const op = pick(["MaxPool", "AveragePool"]);
      const attributes = { kernel_shape: [2, 2], strides: [2, 1], pads: [0, 1, 0, 0] };
      const shape = [batch, channels, Math.floor((height - 2) / 2) + 1, width];
      return { name: node(op, [x.name], attributes), shape, isExact: false };
    },
    (x) => {
      const [batch = 1, channels = 1] = x.shape;
      if (x.shape.length < 3) return undefined;
      const op = pick(["GlobalAveragePool", "GlobalMaxPool"]);
      return {
        name: node(op, [x.name]),
        shape: [batch, channels, ...x.shape.slice(2).map(() => 1)],
        isExact: false,
      };
    },
    (x) => {
      const [, channels = 1] = x.shape;
      if (x.shape.length < 3) return undefined;
      const variance = node("Exp", [numbers([channels])]);
      const operands = [numbers([channels]), numbers([channels]), numbers([channels]), variance];
      return { ...x, name: node("BatchNormalization", [x.name, ...operands]), isExact: false };
    },
  ];
  for (let step = 0; step < 3 + below(8); step++) {
    const x = pick(values);
    // A scalar has no axes to choose from.
    const made = x.shape.length === 0 ? undefined : pick(steps)(x);
    if (made !== undefined && elements(made.shape) <= 2000) values = [...values, made];
  }
  const outputs = values.slice(inputs.length).slice(-2);
  const results =
    outputs.length > 0 ? outputs : [{ ...pick(inputs), name: node("Identity", [pick(inputs).name]) }];
  const info = (name: string, shape?: readonly number[]) => ({
    name,
    type: {
      tensorType: {
        elemType: FLOAT,
        ...(shape && { shape: { dim: shape.map((dimValue) => ({ dimValue })) } }),
      },
    },
  });
  const file = encodeModel({
    irVersion: 8,
    graph: {
      name: "random",
      node: nodes,
      initializer: initializers,
      sparseInitializer: [],
      input: inputs.map(({ name, shape }) => info(name, shape)),
      output: results.map(({ name }) => info(name)),
      valueInfo: [],
    },
    opsetImport: [{ domain: "", version: 17 }],
    metadataProps: [],
  });
  return { file, inputs, operators: nodes.map(({ opType }) => opType).join(" → ") };
}
