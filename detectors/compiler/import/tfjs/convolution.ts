import type { Activation } from "../../graph/graph.ts";
import { damagedTfjs } from "../errors.ts";
import { textOf, textsOf } from "./attributes.ts";
import { arrayAt, type BodyContext, paddedMapAt, setMap } from "./body-value.ts";
import { showNode } from "./graph.ts";
import type { TfjsNode } from "./schema.ts";
import type { TfjsTensor } from "./weights.ts";
import { paddingOf, strideOf, windowObstacle } from "./window.ts";

/** What TensorFlow's graph optimiser puts into a convolution, by its list of `fused_ops`. */
const FUSED: ReadonlyMap<string, Activation> = new Map([
  ["", "none"],
  ["BiasAdd", "none"],
  ["BiasAdd,Relu", "relu"],
  ["BiasAdd,Relu6", "relu6"],
]);

/** TensorFlow's convolutions, of all channels and of each by itself. */
export const CONVOLUTIONS: ReadonlySet<string> = new Set([
  "_FusedConv2D",
  "Conv2D",
  "FusedDepthwiseConv2dNative",
  "DepthwiseConv2dNative",
]);

/** What about a convolution the graph has no words for. */
export function convolutionObstacle(node: TfjsNode): string | undefined {
  const fused = textsOf(node, "fused_ops");
  return FUSED.has(fused.join()) ? windowObstacle(node) : `with fused ${fused.join(", ")}`;
}

/** As for other convolutions, and a channel can only make one channel. */
export function depthwiseObstacle(
  node: TfjsNode,
  constants: ReadonlyMap<string, TfjsTensor>,
): string | undefined {
  const multiplier = constants.get(node.input[1] ?? "")?.shape[3] ?? 1;
  return multiplier === 1 ? convolutionObstacle(node) : `with a channel multiplier of ${multiplier}`;
}

/** Whether a Pad in front of this node can be its padding: if it adds none of its own around that. */
export function takesPadding(node: TfjsNode): boolean {
  return CONVOLUTIONS.has(node.op) && textOf(node, "padding") === "VALID";
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
  const name = builder.constant(`${node.name}.weights`, [outputs, height, width, inputs], data);
  addConvolution(context, node, "conv2d", name, [height, width]);
}

/** TensorFlow DepthwiseConv2dNative, FusedDepthwiseConv2dNative → depthwise_conv2d. Weights are [h, w, channels, 1]. */
export function importDepthwise(context: BodyContext, node: TfjsNode): void {
  const weights = arrayAt(context, node, 1);
  const [height = 0, width = 0, channels = 0] = weights.shape;
  checkWeights(node, weights);
  const data = Float32Array.from(weights.data);
  const name = context.builder.constant(`${node.name}.weights`, [height, width, channels], data);
  addConvolution(context, node, "depthwise_conv2d", name, [height, width]);
}

function checkWeights(node: TfjsNode, { shape, data }: TfjsTensor): void {
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
  const fused = textsOf(node, "fused_ops").join();
  const operands = [x.name, weights];
  if (fused !== "") {
    const { data } = arrayAt(context, node, 2);
    operands.push(builder.constant(`${node.name}.bias`, [data.length], Float32Array.from(data)));
  }
  const [rows = 0, columns = 0] = builder.typeOf(x.name).shape;
  const padding = x.padding ?? paddingOf(node, [rows, columns], kernel);
  const attributes = { stride: strideOf(node), padding, activation: FUSED.get(fused) ?? "none" };
  setMap(context, node, builder.add(op, operands, attributes, node.name));
}
