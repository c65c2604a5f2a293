import { floats } from "../../graph/value.ts";
import { damagedTfjs } from "../errors.ts";
import { showNode } from "../file-node.ts";
import type { NdArray } from "../nd-array.ts";
import { arrayAt, type BodyContext, mapAt, setMap } from "./body-value.ts";
import type { TfjsNode } from "./schema.ts";

/** Why the graph cannot express a Sub; undefined when it can. */
export function subObstacle(node: TfjsNode, constants: ReadonlyMap<string, NdArray>): string | undefined {
  return constants.has(node.input[1] ?? "") ? undefined : "of a value that is not a constant";
}

/**
 * TensorFlow Add, AddV2, BiasAdd, Sub, Mul → add or mul, of two feature maps of equal size or one of a single pixel, or of
 * a map and a constant with one number per channel.
 */
export function importElementwise(context: BodyContext, node: TfjsNode): void {
  const { builder, values } = context;
  const op = node.opType === "Mul" ? "mul" : "add";
  const [a, b] = node.input.map((name) => values.get(name));
  if (a?.kind === "array" || b?.kind === "array") {
    const map = mapAt(context, node, a?.kind === "array" ? 1 : 0);
    const constant = arrayAt(context, node, a?.kind === "array" ? 0 : 1);
    const vector = channelVector(context, node, map, constant);
    const operand = node.opType === "Sub" ? vector.map((x) => -x) : vector;
    const name = builder.constant(`${node.name}.operand`, floats([operand.length], operand));
    setMap(context, node, builder.add(op, [map, name], {}, node.name));
    return;
  }
  const maps = [mapAt(context, node, 0), mapAt(context, node, 1)];
  // The graph's operators broadcast only their second input.
  const pixels = maps.map((map) =>
    builder
      .typeOf(map)
      .shape.slice(0, 2)
      .reduce((rows, columns) => rows * columns, 1),
  );
  if ((pixels[0] ?? 0) < (pixels[1] ?? 0)) maps.reverse();
  setMap(context, node, builder.add(op, maps, {}, node.name));
}

/** One number per channel, from a constant that broadcasts over NHWC. @throws ModelError when it varies within a channel. */
function channelVector(
  context: BodyContext,
  node: TfjsNode,
  map: string,
  { shape, data }: NdArray,
): Float32Array {
  const channels = context.builder.typeOf(map).shape.at(-1) ?? 0;
  if (data.length === 1) return new Float32Array(channels).fill(data[0] ?? 0);
  if (shape.at(-1) === channels && data.length === channels) return Float32Array.from(data);
  throw damagedTfjs(
    `${showNode(node)} combines a map of ${channels} channels with a constant [${shape.join(", ")}]`,
  );
}
