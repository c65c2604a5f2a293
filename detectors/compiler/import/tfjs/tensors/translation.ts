/**
 * TensorFlow nodes as ONNX nodes. The two have almost the same operators; where they differ, a TensorFlow node becomes several
 * ONNX nodes. So both formats share the evaluation of constants, the types and the operators of the graph.
 */
import type { NdArray } from "../../nd-array.ts";
import type { OnnxAttribute, OnnxNode, OnnxTensor } from "../../onnx/schema.ts";
import type { TfjsNode } from "../schema.ts";

/** Appends the ONNX nodes that compute a TensorFlow node. @throws Obstacle when there are none that compute the same. */
export type Translate = (call: TfjsCall) => void;

/** What is special about a node that cannot be compiled: `with data_format NCHW`. */
export class Obstacle extends Error {}

type Attributes = Readonly<Record<string, number | readonly number[] | string>>;

/** One node of the file, and how its translation is written down. */
export interface TfjsCall {
  readonly node: TfjsNode;
  /** The name of an input. @throws Obstacle when the node has too few. */
  readonly input: (index: number) => string;
  /** The numbers of an input that must be a constant of the file. @throws Obstacle when they are computed. */
  readonly numbers: (index: number) => readonly number[];
  /** Appends an ONNX node and returns its output, which has a new name. */
  readonly add: (opType: string, inputs: readonly string[], attributes?: Attributes) => string;
  /** Appends the ONNX node that computes the outputs of the node. @param count how many it has, read or not */
  readonly give: (opType: string, inputs: readonly string[], attributes?: Attributes, count?: number) => void;
  /** Appends an ONNX node that computes one of the outputs. */
  readonly giveAt: (
    index: number,
    opType: string,
    inputs: readonly string[],
    attributes?: Attributes,
  ) => void;
  /** A constant list of integers. */
  readonly integers: (numbers: readonly number[]) => string;
  /** A constant integer. */
  readonly integer: (number: number) => string;
  /** A constant float. */
  readonly float: (number: number) => string;
}

/** The nodes and constants of a translated graph. */
export interface Translation {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly call: (node: TfjsNode) => TfjsCall;
}

/** Starts a translation. @param constants the constants of the file, by name */
export function startTranslation(constants: ReadonlyMap<string, NdArray>): Translation {
  const nodes: OnnxNode[] = [];
  const initializers = [...constants].map(([name, array]) => onnxTensor(name, array));
  let made = 0;
  // A name of the file has no line break: its nodes could not be told apart otherwise.
  const newName = (name: string): string => `${name}\n${made++}`;

  function call(node: TfjsNode): TfjsCall {
    const append = (
      opType: string,
      input: readonly string[],
      output: readonly string[],
      attributes: Attributes,
    ): void => {
      const attribute = Object.entries(attributes).map(([name, value]) => onnxAttribute(name, value));
      nodes.push({ opType, name: node.name, input, output, attribute });
    };
    const constant = (array: NdArray): string => {
      const name = newName(node.name);
      initializers.push(onnxTensor(name, array));
      return name;
    };
    const input = (index: number): string => {
      const name = node.input[index];
      if (name === undefined) throw new Obstacle(`without its input ${index}`);
      return name;
    };
    return {
      node,
      input,
      numbers(index) {
        const array = constants.get(input(index));
        if (array === undefined) throw new Obstacle(`with a computed input ${index}`);
        return [...array.data];
      },
      add(opType, inputs, attributes = {}) {
        const name = newName(node.name);
        append(opType, inputs, [name], attributes);
        return name;
      },
      give(opType, inputs, attributes = {}, count = 1) {
        const outputs = Array.from({ length: count }, (_, index) => node.output[index] ?? newName(node.name));
        append(opType, inputs, outputs, attributes);
      },
      giveAt: (index, opType, inputs, attributes = {}) =>
        append(opType, inputs, [node.output[index] ?? newName(node.name)], attributes),
      integers: (numbers) =>
        constant({ type: "int", shape: [numbers.length], data: Float64Array.from(numbers) }),
      integer: (number) => constant({ type: "int", shape: [], data: Float64Array.of(number) }),
      float: (number) => constant({ type: "float", shape: [], data: Float32Array.of(number) }),
    };
  }
  return { nodes, initializers, call };
}

/** TensorProto.DataType of the arrays of a TensorFlow.js file; its integers have 32 bits. */
const DATA_TYPES = { float: 1, int: 6, bool: 9 } as const;

function onnxTensor(name: string, { type, shape, data }: NdArray): OnnxTensor {
  const numbers = type === "float" ? { floatData: [...data] } : { int32Data: [...data] };
  const empty = { floatData: [], int32Data: [], int64Data: [], doubleData: [] };
  return { name, dims: shape, dataType: DATA_TYPES[type], ...empty, ...numbers };
}

function onnxAttribute(name: string, value: Attributes[string]): OnnxAttribute {
  const empty = { name, floats: [], ints: [] };
  if (typeof value === "string") return { ...empty, s: new TextEncoder().encode(value) };
  if (typeof value !== "number") return { ...empty, ints: value };
  return Number.isInteger(value) ? { ...empty, i: value, f: value } : { ...empty, f: value };
}
