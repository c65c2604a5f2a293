import { floats } from "../../graph/value.ts";
import { damagedOnnx } from "../errors.ts";
import { showNode } from "../file-node.ts";
import type { NdArray } from "../nd-array.ts";
import { type BodyContext, bodyInput, mapInput, outputName } from "./body-value.ts";
import { readNorm } from "./convolution.ts";
import type { OnnxNode } from "./schema.ts";

/** ONNX Add, Mul, Sub, Div → add or mul, of two feature maps or of a map and a constant with one number per channel. */
export function importElementwise(context: BodyContext, node: OnnxNode): void {
  const { builder, values } = context;
  const name = outputName(node);
  const [a, b] = [bodyInput(context, node, 0), bodyInput(context, node, 1)];
  const op = node.opType === "Add" || node.opType === "Sub" ? "add" : "mul";
  const inverse = node.opType === "Sub" || node.opType === "Div";
  if (a?.kind === "map" && b?.kind === "map" && !inverse) {
    values.set(name, { kind: "map", name: builder.add(op, [a.name, b.name], {}, name) });
    return;
  }
  const [map, constant] = a?.kind === "map" ? [a, b] : [b, a];
  if (map?.kind !== "map" || constant?.kind !== "array" || (inverse && map !== a)) {
    throw damagedOnnx(`${showNode(node)} combines its inputs in a way that cannot be compiled`);
  }
  const invert = op === "add" ? (x: number): number => -x : (x: number): number => 1 / x;
  const vector = channelVector(context, node, map.name, constant.array).map((x) => (inverse ? invert(x) : x));
  const operand = builder.constant(`${name}.operand`, floats([vector.length], vector));
  values.set(name, { kind: "map", name: builder.add(op, [map.name, operand], {}, name) });
}

/** ONNX BatchNormalization that is not folded into a convolution → mul and add, which the passes may fold. */
export function importNorm(context: BodyContext, node: OnnxNode): void {
  const name = outputName(node);
  // Already folded into its convolution.
  if (context.values.has(name)) return;
  const { builder } = context;
  const x = mapInput(context, node, 0);
  const channels = builder.typeOf(x).shape.at(-1) ?? 0;
  const { factor, addend } = readNorm(context, node, channels);
  const factors = builder.constant(`${name}.factor`, floats([channels], Float32Array.from(factor)));
  const addends = builder.constant(`${name}.addend`, floats([channels], Float32Array.from(addend)));
  const scaled = builder.add("mul", [x, factors], {}, `${name}.scaled`);
  context.values.set(name, { kind: "map", name: builder.add("add", [scaled, addends], {}, name) });
}

/** One number per channel, from a constant that broadcasts over NCHW. @throws ModelError when it varies within a channel. */
function channelVector(context: BodyContext, node: OnnxNode, map: string, array: NdArray): Float32Array {
  const channels = context.builder.typeOf(map).shape.at(-1) ?? 0;
  if (array.data.length === 1) return new Float32Array(channels).fill(array.data[0] ?? 0);
  const perChannel = array.shape.at(-3) === channels && array.data.length === channels;
  if (!perChannel) {
    throw damagedOnnx(
      `${showNode(node)} combines a map of ${channels} channels with a constant [${array.shape.join(", ")}]`,
    );
  }
  return Float32Array.from(array.data);
}
