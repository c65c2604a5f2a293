/**
 * The layouts in which a value of a general graph exists while it is lowered: as the tensor of the model, [1, channels, …], and as
 * a feature map [height, width, channels]. Each is made of the other when an operator first asks for it.
 */
import { buildGraph, type GraphBuilder } from "../../graph/builder.ts";
import { typeOf } from "../../graph/facts.ts";
import { type Graph, type Node, resultsOf } from "../../graph/graph.ts";
import {
  type Constant,
  constantOf,
  type FloatConstant,
  type Shape,
  type ValueType,
} from "../../graph/value.ts";
import type { Operator, OperatorAttributes } from "../../ops/index.ts";
import { elements } from "../../ops/shapes.ts";
import { gathered, rowMajorStrides } from "../../ops/tensors.ts";

/** A value as a feature map. */
export interface MapOfValue {
  readonly name: string;
  /** How many axes of the tensor behind the batch make up the channels: 1, or 2 for a convolution in groups. */
  readonly channelAxes: number;
}

export interface Layouts {
  /** The graph as it was. */
  readonly graph: Graph;
  readonly builder: GraphBuilder;
  typeOf(value: string): ValueType;
  constant(value: string): FloatConstant | undefined;
  /** The node that computes a value. */
  producerOf(value: string): Node | undefined;
  /** The operators that read a value. */
  readersOf(value: string): readonly Operator[];
  /** Whether a value exists as a feature map, so that its map costs nothing. */
  hasMap(value: string): boolean;
  /** The map in which a value exists, in whatever way its axes make up the channels. */
  existingMap(value: string): MapOfValue | undefined;
  /** A value as a feature map, read as a tensor of `rank` axes: missing outer axes have size 1. */
  mapOf(value: string, rank?: number): string;
  /** A value as the tensor of the model. */
  tensorOf(value: string): string;
  define(value: string, map: MapOfValue): void;
  defineTensor(value: string, name: string): void;
  /** Appends an operator. */
  add<K extends Operator>(op: K, inputs: readonly string[], attributes: OperatorAttributes[K]): string;
  addConstant(constant: Constant): string;
}

/**
 * The shape of a tensor [1, channels, …] of up to two more axes as a feature map.
 * @returns undefined where it has another batch, more axes, or no elements
 */
export function mapShape(shape: Shape, channelAxes = 1): Shape | undefined {
  const [batch, ...others] = shape;
  const spatial = others.slice(channelAxes);
  if (batch !== 1 || others.length < channelAxes || spatial.length > 2 || shape.includes(0)) return undefined;
  const [height, width] = [spatial.length === 2 ? (spatial[0] ?? 1) : 1, spatial.at(-1) ?? 1];
  return [height, width, elements(others.slice(0, channelAxes))];
}

/** The order that makes [1, height, width, channels], without the batch, of a tensor of this rank. */
export function mapOrder(rank: number): readonly number[] | undefined {
  if (rank === 4) return [2, 3, 1];
  // The batch, which is 1, becomes the height.
  return rank === 3 ? [0, 2, 1] : undefined;
}

/** Starts the lowering of a graph: its inputs, states and constants exist as tensors. */
export function startLayouts(graph: Graph): Layouts {
  const builder = buildGraph();
  const maps = new Map<string, MapOfValue>();
  const tensors = new Map<string, string>();
  const constantMaps = new Map<string, string>();
  for (const input of graph.inputs) builder.input(input, typeOf(graph, input));
  for (const { value, initial } of graph.states) builder.state(value, typeOf(graph, value), initial);
  for (const [name, constant] of graph.constants) builder.constant(name, constant);
  const unused = (prefix: string): string => {
    let name = builder.unusedName(prefix);
    while (graph.values.has(name)) name = builder.unusedName(`${name}.`);
    return name;
  };
  const add: Layouts["add"] = (op, inputs, attributes) => builder.add(op, inputs, attributes, unused(op));
  const addConstant: Layouts["addConstant"] = (constant) => builder.constant(unused("constant"), constant);
  const kept = new Set([...graph.inputs, ...graph.states.map(({ value }) => value), ...resultsOf(graph)]);

  function tensorOf(value: string): string {
    const known = tensors.get(value);
    if (known !== undefined) return known;
    const map = maps.get(value);
    if (map === undefined) return value;
    const { shape } = typeOf(graph, value);
    const [height = 1, width = 1, channels = 1] = builder.typeOf(map.name).shape;
    const planes = add("transpose", [map.name], { order: [2, 0, 1] });
    const isSame = shape.length === 3 && shape[0] === channels && shape[1] === height && shape[2] === width;
    const name = isSame ? planes : add("reshape", [planes], { shape });
    tensors.set(value, name);
    return name;
  }

  function mapOf(value: string, rank = typeOf(graph, value).shape.length): string {
    const { shape } = typeOf(graph, value);
    const wide = [...Array<number>(Math.max(0, rank - shape.length)).fill(1), ...shape];
    const target = mapShape(wide);
    if (target === undefined) throw new Error(`${value} cannot be a feature map`);
    const key = `${value} as ${target.join("×")}`;
    const constant = graph.constants.get(value);
    if (constant !== undefined) {
      const name = constantMaps.get(key) ?? addConstant(constantMap(constant, target));
      constantMaps.set(key, name);
      return name;
    }
    const known = maps.get(value);
    if (known?.channelAxes === 1 && rank === shape.length) return known.name;
    const stored = constantMaps.get(key);
    if (stored !== undefined) return stored;
    const [height = 1, width = 1, channels = 1] = target;
    const planes = add("reshape", [tensorOf(value)], { shape: [channels, height, width] });
    const name = add("transpose", [planes], { order: [1, 2, 0] });
    constantMaps.set(key, name);
    if (rank === shape.length && !kept.has(value)) maps.set(value, { name, channelAxes: 1 });
    return name;
  }

  const producers = new Map(graph.nodes.map((node) => [node.output, node]));
  const readers = new Map<string, Operator[]>();
  for (const { op, inputs } of graph.nodes) {
    for (const input of inputs) readers.set(input, [...(readers.get(input) ?? []), op]);
  }
  return {
    graph,
    builder,
    producerOf: (value) => producers.get(value),
    readersOf: (value) => readers.get(value) ?? [],
    typeOf: (value) => typeOf(graph, value),
    constant(value) {
      const constant = graph.constants.get(value);
      return constant?.dtype === "f32" ? constant : undefined;
    },
    hasMap: (value) => maps.get(value)?.channelAxes === 1,
    existingMap: (value) => maps.get(value),
    mapOf,
    tensorOf,
    define: (value, map) => void maps.set(value, map),
    defineTensor: (value, name) => void tensors.set(value, name),
    add,
    addConstant,
  };
}

/** [1, channels, height, width] → [height, width, channels] */
function constantMap({ dtype, data }: Constant, [height = 1, width = 1, channels = 1]: Shape): Constant {
  const [channel = 0, row = 0, column = 0] = rowMajorStrides([channels, height, width]);
  const shape = [height, width, channels];
  return constantOf({ dtype, shape }, gathered({ shape, data }, shape, [row, column, channel]).data);
}
