/** Operators that compute on feature maps what they compute on tensors, with other axes. */
import { factsOf } from "../../graph/facts.ts";
import type { Node } from "../../graph/graph.ts";
import { floats } from "../../graph/value.ts";
import { definitionOf, type Operator } from "../../ops/index.ts";
import { elements, sameShape } from "../../ops/shapes.ts";
import { type Layouts, type MapOfValue, mapOrder, mapShape } from "./layouts.ts";

/** An elementwise operator, where one of its inputs is a map. */
export function lowerElementwise<K extends Operator>(
  node: Node<K>,
  layouts: Layouts,
): MapOfValue | undefined {
  const { inputs, output } = node;
  const result = layouts.typeOf(output);
  const rank = result.shape.length;
  const isOfFloats = [result, ...inputs.map(layouts.typeOf)].every(({ dtype }) => dtype === "f32");
  const target = mapShape(result.shape);
  if (!factsOf(node as Node).elementwise || !isOfFloats || target === undefined) return undefined;
  if (!inputs.some((input) => layouts.hasMap(input) && layouts.typeOf(input).shape.length === rank)) {
    return undefined;
  }
  const channels = target.at(-1) ?? 1;
  const operands = inputs.map(
    (input) => perChannel(input, rank, channels, layouts) ?? layouts.mapOf(input, rank),
  );
  return { name: layouts.add(node.op as K, operands, node.attributes as never), channelAxes: 1 };
}

/** A constant with a number per channel, or one for all, as [channels]: convolutions take it as their bias. */
function perChannel(input: string, rank: number, channels: number, layouts: Layouts): string | undefined {
  const constant = layouts.constant(input);
  if (constant === undefined) return undefined;
  const { shape, data } = constant;
  const [height, width, own] = mapShape([...Array<number>(rank - shape.length).fill(1), ...shape]) ?? [];
  if (height !== 1 || width !== 1 || (own !== 1 && own !== channels)) return undefined;
  const numbers = Float32Array.from({ length: channels }, (_, channel) => data[own === 1 ? 0 : channel] ?? 0);
  return layouts.addConstant(floats([channels], numbers));
}

/** Operators that start a region of maps. */
const WINDOWS: readonly Operator[] = ["convolution", "pool"];

/** An operator with attributes per axis, where one of its inputs is a map; padding also where only windows read it. */
export function lowerPermuted<K extends Operator>(node: Node<K>, layouts: Layouts): MapOfValue | undefined {
  const { inputs, output } = node;
  const { shape, dtype } = layouts.typeOf(output);
  const order = mapOrder(shape.length);
  const areMaps = inputs.every((input) => mapShape(layouts.typeOf(input).shape) !== undefined);
  if (order === undefined || dtype !== "f32" || mapShape(shape) === undefined || !areMaps) return undefined;
  const isForWindows = node.op === "pad" && layouts.readersOf(output).every((op) => WINDOWS.includes(op));
  if (!isForWindows && !inputs.some(layouts.hasMap)) return undefined;
  const attributes = definitionOf(node.op as K).permuted(node.attributes as never, order);
  if (attributes === undefined) return undefined;
  const maps = inputs.map((input) => layouts.mapOf(input));
  return { name: layouts.add(node.op as K, maps, attributes), channelAxes: 1 };
}

/** Known indices along one axis. */
export function lowerGather(
  { inputs, output, attributes }: Node<"gather">,
  layouts: Layouts,
): MapOfValue | undefined {
  const [x = "", indices = ""] = inputs;
  const { shape, dtype } = layouts.typeOf(output);
  const axis = mapOrder(layouts.typeOf(x).shape.length)?.indexOf(attributes.axis) ?? -1;
  const isList = layouts.typeOf(indices).shape.length === 1;
  if (axis < 0 || !isList || dtype !== "f32" || !layouts.hasMap(x) || mapShape(shape) === undefined)
    return undefined;
  return {
    name: layouts.add("gather", [layouts.mapOf(x), layouts.tensorOf(indices)], { axis }),
    channelAxes: 1,
  };
}

/** A reshape that keeps the channels apart: pixels become others in the same order. */
export function lowerReshape({ inputs, output }: Node<"reshape">, layouts: Layouts): MapOfValue | undefined {
  const [x = ""] = inputs;
  const map = layouts.existingMap(x);
  const target = mapShape(layouts.typeOf(output).shape);
  if (map === undefined || target === undefined) return undefined;
  const own = layouts.builder.typeOf(map.name).shape;
  if (own.at(-1) !== target.at(-1)) return undefined;
  const isSame = own.every((size, axis) => size === target[axis]);
  return { name: isSame ? map.name : layouts.add("reshape", [map.name], { shape: target }), channelAxes: 1 };
}

/**
 * A shuffle of channels (ShuffleNet, Zhang et al. 2018, arXiv:1707.01083): a reshape that splits the channels, a transposition of
 * their parts, and a reshape that joins them.
 */
export function lowerShuffle({ inputs, output }: Node<"reshape">, layouts: Layouts): MapOfValue | undefined {
  const transposition = layouts.producerOf(inputs[0] ?? "");
  const splitting = layouts.producerOf(transposition?.inputs[0] ?? "");
  if (transposition?.op !== "transpose" || splitting?.op !== "reshape") return undefined;
  const [x = ""] = splitting.inputs;
  const { shape } = layouts.typeOf(x);
  const map = layouts.existingMap(x);
  const spatial = shape.slice(2);
  const split = splitting.attributes.shape;
  const parts = split.slice(1, split.length - spatial.length);
  const { order } = transposition.attributes;
  const isOfChannels =
    map?.channelAxes === 1 &&
    sameShape(split, [1, ...parts, ...spatial]) &&
    elements(parts) === shape[1] &&
    order.every((axis, at) => axis === at || (at >= 1 && at <= parts.length && axis <= parts.length));
  if (!isOfChannels || !sameShape(layouts.typeOf(output).shape, shape)) return undefined;
  const [height = 1, width = 1, channels = 1] = layouts.builder.typeOf(map.name).shape;
  const parted = layouts.add("reshape", [map.name], { shape: [height, width, ...parts] });
  const moved = order.slice(1, 1 + parts.length).map((axis) => axis + 1);
  const shuffled = layouts.add("transpose", [parted], { order: [0, 1, ...moved] });
  return { name: layouts.add("reshape", [shuffled], { shape: [height, width, channels] }), channelAxes: 1 };
}
