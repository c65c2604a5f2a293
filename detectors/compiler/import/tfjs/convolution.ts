import { floats } from "../../graph/value.ts";
import type { Activation } from "../../ops/activation.ts";
import { damagedTfjs } from "../errors.ts";
import { showNode } from "../file-node.ts";
import type { NdArray } from "../nd-array.ts";
import { stringOf, stringsOf } from "./attributes.ts";
import { arrayAt, type BodyContext, paddedMapAt, setMap } from "./body-value.ts";
import type { TfjsNode } from "./schema.ts";
import { paddingOf, strideOf, windowObstacle } from "./window.ts";

/** The activation of a convolution, by the list of `fused_ops` that TensorFlow's graph optimiser writes. */
const FUSED: ReadonlyMap<string, Activation> = new Map([
  ["", "none"],
  ["BiasAdd", "none"],
  ["BiasAdd,Relu", "relu"],
  ["BiasAdd,Relu6", "relu6"],
]);

/** TensorFlow's convolutions, full and depthwise. */
export const CONVOLUTIONS: ReadonlySet<string> = new Set([
  "_FusedConv2D",
  "Conv2D",
  "FusedDepthwiseConv2dNative",
  "DepthwiseConv2dNative",
]);

/** Why the graph cannot express a convolution; undefined when it can. */
export function convolutionObstacle(node: TfjsNode): string | undefined {
  const fused = stringsOf(node, "fused_ops");
  return FUSED.has(fused.join()) ? windowObstacle(node) : `with fused ${fused.join(", ")}`;
}

/** The same for a depthwise convolution, which must have a channel multiplier of 1. */
export function depthwiseObstacle(
  node: TfjsNode,
  constants: ReadonlyMap<string, NdArray>,
): string | undefined {
  const multiplier = constants.get(node.input[1] ?? "")?.shape[3] ?? 1;
  return multiplier === 1 ? convolutionObstacle(node) : `with a channel multiplier of ${multiplier}`;
}

/** Whether a Pad before this node can become its padding: only when it has no padding of its own. */
export function takesPadding(node: TfjsNode): boolean {
  return CONVOLUTIONS.has(node.opType) && stringOf(node, "padding") === "VALID";
}

/** TensorFlow Conv2D, _FusedConv2D → conv2d. Weights go from [h, w, in, out] to [out, h, w, in]. */
export function importConvolution(context: BodyContext, node: TfjsNode): void {
  const { builder } = context;
  const weights = arrayAt(context, node, 1);
  const [height = 0, width = 0, inputs = 0, outputs = 0] = weights.shape;
  checkWeights(node, weights);
  const data = new Float32Array(weights.data.length);
  const perOutput = height * width * inputs;
  for (let output = 0; output < outputs; output++) {
    for (let i = 0; i < perOutput; i++)
      data[output * perOutput + i] = weights.data[i * outputs + output] ?? 0;
  }
  const name = builder.constant(`${node.name}.weights`, floats([outputs, height, width, inputs], data));
  addConvolution(context, node, "conv2d", name, [height, width]);
}

/** TensorFlow DepthwiseConv2dNative, FusedDepthwiseConv2dNative → depthwise_conv2d. Weights are [h, w, channels, 1]. */
export function importDepthwise(context: BodyContext, node: TfjsNode): void {
  const weights = arrayAt(context, node, 1);
  const [height = 0, width = 0, channels = 0] = weights.shape;
  checkWeights(node, weights);
  const data = Float32Array.from(weights.data);
  const name = context.builder.constant(`${node.name}.weights`, floats([height, width, channels], data));
  addConvolution(context, node, "depthwise_conv2d", name, [height, width]);
}

function checkWeights(node: TfjsNode, { shape, data }: NdArray): void {
  if (shape.length === 4 && data.length > 0) return;
  throw damagedTfjs(
    `${showNode(node)}: expected weights [height, width, in, out], received [${shape.join(", ")}]`,
  );
}

function addConvolution(
  context: BodyContext,
  node: TfjsNode,
  op: "conv2d" | "depthwise_conv2d",
  weights: string,
  kernel: readonly [height: number, width: number],
): void {
  const { builder } = context;
  const x = paddedMapAt(context, node, 0);
  const fused = stringsOf(node, "fused_ops").join();
  const operands = [x.name, weights];
  if (fused !== "") {
    const { data } = arrayAt(context, node, 2);
    operands.push(builder.constant(`${node.name}.bias`, floats([data.length], Float32Array.from(data))));
  }
  const [rows = 0, columns = 0] = builder.typeOf(x.name).shape;
  const padding = x.padding ?? paddingOf(node, [rows, columns], kernel);
  const attributes = { stride: strideOf(node), padding, activation: FUSED.get(fused) ?? "none" };
  setMap(context, node, builder.add(op, operands, attributes, node.name));
}
