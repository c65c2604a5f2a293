import { floats } from "../../graph/value.ts";
import type { Padding } from "../../ops/window.ts";
import { damagedOnnx } from "../errors.ts";
import { showNode } from "../file-node.ts";
import type { NdArray } from "../nd-array.ts";
import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from "./attributes.ts";
import { arrayInput, type BodyContext, mapInput, outputName } from "./body-value.ts";
import type { OnnxNode } from "./schema.ts";

/** y = factor · x + addend, per channel, in f64. */
export interface ChannelScaling {
  readonly factor: Float64Array;
  readonly addend: Float64Array;
}

/** Why the graph cannot express the window of a convolution or pooling; undefined when it can. */
export function windowObstacle(node: OnnxNode): string | undefined {
  const strides = intsAttribute(node, "strides") ?? [];
  if (strides.some((stride) => stride !== strides[0])) return `with strides ${strides.join("×")}`;
  const dilations = intsAttribute(node, "dilations") ?? [];
  if (dilations.some((dilation) => dilation !== 1)) return `with dilations ${dilations.join("×")}`;
  const autoPad = stringAttribute(node, "auto_pad", "NOTSET");
  if (!["NOTSET", "VALID", ""].includes(autoPad)) return `with auto_pad ${autoPad}`;
  return undefined;
}

/** Why the graph cannot express a convolution; undefined when it can. */
export function convolutionObstacle(node: OnnxNode): string | undefined {
  const group = intAttribute(node, "group", 1);
  return group === 1 ? windowObstacle(node) : "with groups (depthwise)";
}

/** ONNX gives padding as [top, left, bottom, right]. @throws ModelError when there are more. */
export function paddingOf(node: OnnxNode): Padding {
  const [top = 0, left = 0, bottom = 0, right = 0, ...more] = intsAttribute(node, "pads") ?? [];
  if (more.length > 0) throw damagedOnnx(`${showNode(node)} is not two-dimensional`);
  return { top, left, bottom, right };
}

/** The stride, which is the same on both axes. */
export function strideOf(node: OnnxNode): number {
  return intsAttribute(node, "strides")?.[0] ?? 1;
}

/**
 * ONNX Conv-11 → conv2d. Where a BatchNormalization is the only user of the output, it is folded into the weights in f64.
 * Weights go from [out, in, h, w] to [out, h, w, in].
 */
export function importConvolution(context: BodyContext, node: OnnxNode): void {
  const { builder, values } = context;
  const name = outputName(node);
  const weights = arrayInput(context, node, 1);
  const bias = arrayInput(context, node, 2);
  const [outputs = 0, inputs = 0, height = 0, width = 0] = weights?.shape ?? [];
  if (weights?.shape.length !== 4 || weights.data.length === 0) {
    throw damagedOnnx(
      `${showNode(node)}: expected weights [out, in, height, width], received [${weights?.shape.join(", ") ?? ""}]`,
    );
  }
  if (bias && bias.data.length !== outputs) {
    throw damagedOnnx(`${showNode(node)}: expected ${outputs} biases, received ${bias.data.length}`);
  }
  const user = context.onlyUser(name);
  const norm = user?.opType === "BatchNormalization" ? foldableNorm(context, user, outputs) : undefined;

  const data = new Float32Array(weights.data.length);
  let to = 0;
  for (let output = 0; output < outputs; output++) {
    const factor = norm?.factor[output] ?? 1;
    for (let tap = 0; tap < height * width; tap++) {
      for (let input = 0; input < inputs; input++) {
        data[to++] = (weights.data[(output * inputs + input) * height * width + tap] ?? 0) * factor;
      }
    }
  }
  const operands = [
    mapInput(context, node, 0),
    builder.constant(`${name}.weights`, floats([outputs, height, width, inputs], data)),
  ];
  if (bias || norm) {
    const biases = Float32Array.from(
      { length: outputs },
      (_, i) => (bias?.data[i] ?? 0) * (norm?.factor[i] ?? 1) + (norm?.addend[i] ?? 0),
    );
    operands.push(builder.constant(`${name}.bias`, floats([outputs], biases)));
  }
  const made = builder.add(
    "conv2d",
    operands,
    { stride: strideOf(node), padding: paddingOf(node), activation: "none" },
    name,
  );
  values.set(name, { kind: "map", name: made });
  if (user && norm) values.set(outputName(user), { kind: "map", name: made });
}

/** The scaling of a BatchNormalization; undefined when its parameters are not known yet. */
function foldableNorm(context: BodyContext, node: OnnxNode, channels: number): ChannelScaling | undefined {
  const known = node.input.slice(1).every((name) => context.values.has(name));
  return known ? readNorm(context, node, channels) : undefined;
}

/**
 * ONNX BatchNormalization-15 at inference: γ·(x − μ)/√(σ² + ε) + β.
 * @throws ModelError unless it has one of each parameter per channel.
 */
export function readNorm(context: BodyContext, node: OnnxNode, channels: number): ChannelScaling {
  const epsilon = floatAttribute(node, "epsilon", 1e-5);
  const parameter = (index: number): NdArray["data"] => {
    const array = arrayInput(context, node, index);
    if (array?.data.length !== channels) {
      throw damagedOnnx(
        `${showNode(node)}: expected ${channels} elements at input ${index}, received ${array?.data.length ?? 0}`,
      );
    }
    return array.data;
  };
  const [gamma, beta, mean, variance] = [parameter(1), parameter(2), parameter(3), parameter(4)];
  const factor = Float64Array.from(gamma, (g, i) => g / Math.sqrt((variance[i] ?? 0) + epsilon));
  const addend = Float64Array.from(beta, (b, i) => b - (mean[i] ?? 0) * (factor[i] ?? 0));
  return { factor, addend };
}
