/** f32 graph → the same network with its feature maps and weights stored as integers. */
import { makeNode } from "../graph/builder.ts";
import type { Constant, Graph, Node } from "../graph/graph.ts";
import { rebuild } from "../passes/rewrite.ts";
import type { Ranges } from "./ranges.ts";
import { ACTIVATION_MAX, activationScale, quantizeWeights } from "./scales.ts";
import { passesThrough, storableValues } from "./storable.ts";

/**
 * Stores what it can as i16: feature maps with one factor per channel, weights with one per output channel. The factors
 * of a convolution's input go into its weights, so that they cost nothing. What an operator without integers reads or
 * makes stays f32.
 * @param ranges of every feature map that a convolution makes
 */
export function quantize(graph: Graph, ranges: Ranges): Graph {
  const storable = storableValues(graph);
  const scales = new Map<string, Float32Array>();
  const constants = new Map(graph.constants);
  const nodes = graph.nodes.map((node): Node => {
    if (passesThrough(node) && storable.has(node.output)) {
      scales.set(node.output, joined(node.inputs.map((input) => scales.get(input) ?? new Float32Array())));
      return node;
    }
    if (node.op === "yolov5_sparse_detect") return quantizeHead(node, scales, constants);
    if (node.op !== "conv2d") return node;
    if (storable.has(node.output)) scales.set(node.output, activationScale(rangeOf(ranges, node.output)));
    return quantizeConvolution(node, scales, constants);
  });
  return rebuild(graph, nodes, withoutUnused(constants, nodes));
}

/** The convolution for inputs and output as they are stored; itself where all are f32. */
function quantizeConvolution(
  node: Node<"conv2d">,
  scales: ReadonlyMap<string, Float32Array>,
  constants: Map<string, Constant>,
): Node {
  const [x = "", weightsName = "", biasName = `${node.output}.bias`, residual] = node.inputs;
  const weights = constants.get(weightsName);
  const inputScale = scales.get(x);
  const outputScale = scales.get(node.output);
  if (weights === undefined || (inputScale === undefined && outputScale === undefined)) return node;
  const [outputs = 0] = weights.shape;
  if (!constants.has(biasName)) {
    constants.set(biasName, { shape: [outputs], data: new Float32Array(outputs) });
  }
  const whole = inputScale && wholeWeights(weightsName, inputScale, constants);
  const residualScale =
    residual === undefined ? undefined : (scales.get(residual) ?? new Float32Array(outputs).fill(1));
  const { stride, padding, activation } = node.attributes;
  return makeNode(
    "quantized_conv2d",
    [x, whole?.name ?? weightsName, biasName, ...(residual === undefined ? [] : [residual])],
    node.output,
    {
      stride,
      padding,
      activation,
      quantization: {
        multiplier: whole?.multiplier ?? new Float32Array(outputs).fill(1),
        residualScale,
        outputScale,
        outputMax: ACTIVATION_MAX,
      },
    },
  );
}

/** The head with the weights for its features as they are stored. */
function quantizeHead(
  node: Node<"yolov5_sparse_detect">,
  scales: ReadonlyMap<string, Float32Array>,
  constants: Map<string, Constant>,
): Node {
  const inputs = [...node.inputs];
  const multipliers = node.attributes.scales.map((_, scale) => {
    const [x = "", weights = ""] = inputs.slice(4 * scale + 1);
    const inputScale = scales.get(x);
    if (inputScale === undefined) return undefined;
    const { name, multiplier } = wholeWeights(weights, inputScale, constants);
    inputs[4 * scale + 2] = name;
    return multiplier;
  });
  return makeNode(node.op, inputs, node.output, { ...node.attributes, multipliers });
}

/** Adds the whole numbers of a constant's weights to the constants. */
function wholeWeights(
  weights: string,
  inputScale: Float32Array,
  constants: Map<string, Constant>,
): { readonly name: string; readonly multiplier: Float32Array } {
  const reals = constants.get(weights);
  if (reals === undefined) throw new Error(`${weights} is not a constant`);
  const { weights: whole, multiplier } = quantizeWeights(reals, inputScale);
  const name = `${weights}.whole`;
  constants.set(name, whole);
  return { name, multiplier };
}

function rangeOf(ranges: Ranges, value: string) {
  const range = ranges.get(value);
  if (range === undefined) throw new Error(`nobody has seen the range of ${value}`);
  return range;
}

function joined(parts: readonly Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

function withoutUnused(
  constants: ReadonlyMap<string, Constant>,
  nodes: readonly Node[],
): ReadonlyMap<string, Constant> {
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  return new Map([...constants].filter(([name]) => used.has(name)));
}
