/** Quantizes an f32 graph: stores its feature maps and weights as integers. */
import { makeNode } from "../graph/builder.ts";
import { factsOf } from "../graph/facts.ts";
import { type Graph, imageInput, type Node, resultsOf } from "../graph/graph.ts";
import { type Constant, floats } from "../graph/value.ts";
import { makesIntegerMap } from "../ops/operator.ts";
import type { ConvolutionQuantization } from "../ops/quantized-conv2d.ts";
import { removeDead } from "../passes/remove-dead.ts";
import { rebuild } from "../passes/rewrite.ts";
import { concatParameters, i16Parameters, type QuantizationParameters, u7Parameters } from "./parameters.ts";
import { quantizeWeights } from "./quantize-weights.ts";
import type { Ranges } from "./ranges.ts";

/** How to quantize. */
export interface Quantization {
  /**
   * `i16`: feature maps of 15 bits, nearly lossless. `i8`: feature maps of 7 bits and weights of 8. The few maps of the finest
   * strides that 1×1 convolutions read keep 15 bits, because they would cost most of the accuracy.
   */
  readonly precision: "i16" | "i8";
  /** The range of every convolution's output. */
  readonly ranges: Ranges;
}

/** The steps of a 7-bit number are much coarser than the errors of the coarse SiLU, which average out to zero. */
const SILU = { i16: "fine", i8: "coarse" } as const;

/**
 * Feature maps up to this stride stay i16: at 7 bits they alone would cause half of the accuracy loss. Maps that only
 * kernels larger than 1×1 read are an exception: errors average out over neighbouring cells, so that 7 bits lose nothing.
 */
const FINE_STRIDE = 4;

/**
 * Stores feature maps as integers with a scale per channel, and weights with a scale per output channel. The scales of a
 * convolution's input are folded into its weights and cost nothing. Inputs and outputs of operators that have no integer
 * kernel stay f32.
 */
export function quantize(graph: Graph, { precision, ranges }: Quantization): Graph {
  const quantizable = quantizableValues(graph);
  const u7 = precision === "i8" ? u7Values(graph, quantizable) : new Set<string>();
  const parameters = new Map<string, QuantizationParameters>();
  const constants = new Map(graph.constants);
  const nodes = graph.nodes.map((node): Node => {
    if (quantizable.has(node.output)) {
      parameters.set(node.output, outputParameters(node, graph, u7.has(node.output), ranges, parameters));
    }
    if (typeof factsOf(node).integers === "string") return node;
    switch (node.op) {
      case "conv2d":
        return quantizeConvolution(node, SILU[precision], parameters, constants);
      case "yolov5_sparse_detect":
        return quantizeHead(node, parameters, constants);
      default:
        throw new Error(`${node.op} computes with integers, but has no quantizer`);
    }
  });
  return removeDead(rebuild(graph, nodes, constants));
}

/** The feature maps that can be stored as integers: all operators that make or read them have integer kernels. */
function quantizableValues(graph: Graph): ReadonlySet<string> {
  const quantizable = new Set(
    graph.nodes
      .filter((node) => passesThrough(node) || makesIntegerMap(factsOf(node).integers))
      .map(({ output }) => output),
  );
  for (const result of resultsOf(graph)) quantizable.delete(result);
  for (const node of graph.nodes) {
    const integers = integerInputs(node);
    for (const input of node.inputs) if (!integers.includes(input)) quantizable.delete(input);
  }
  // An operator that moves integers needs all of its values to be integers.
  for (let before = -1; before !== quantizable.size; ) {
    before = quantizable.size;
    for (const { inputs, output } of graph.nodes.filter(passesThrough)) {
      const values = [...inputs, output];
      if (values.some((value) => !quantizable.has(value)))
        for (const value of values) quantizable.delete(value);
    }
  }
  return quantizable;
}

/** The inputs of a node that its kernel can read as integers. */
function integerInputs(node: Node): readonly string[] {
  const { integers } = factsOf(node);
  if (integers === "moves") return node.inputs;
  if (typeof integers === "string") return [];
  const indices = integers.inputs(node.inputs.length);
  return node.inputs.filter((_, index) => indices.includes(index));
}

/** Whether an operator only moves or compares numbers: its inputs and its output have the same parameters. */
function passesThrough(node: Node): boolean {
  return factsOf(node).integers === "moves";
}

/**
 * The quantizable values that are stored in 7 bits: maps of coarse strides, maps whose errors average out, and all maps that
 * share an operator that moves integers with one of these.
 */
function u7Values(graph: Graph, quantizable: ReadonlySet<string>): ReadonlySet<string> {
  const isU7 = (value: string) => strideOf(value, graph) > FINE_STRIDE || isAveragedOut(value, graph);
  const u7 = new Set([...quantizable].filter(isU7));
  for (let before = -1; before !== u7.size; ) {
    before = u7.size;
    for (const { inputs, output } of graph.nodes.filter(passesThrough)) {
      const values = [...inputs, output].filter((value) => quantizable.has(value));
      if (values.some((value) => u7.has(value))) for (const value of values) u7.add(value);
    }
  }
  return u7;
}

/** Whether all readers of a value are convolutions with kernels larger than 1×1. */
function isAveragedOut(value: string, { nodes, values }: Graph): boolean {
  return nodes
    .filter(({ inputs }) => inputs.includes(value))
    .every(({ op, inputs: [x, weights = "", ...others] }) => {
      const [, kernelHeight = 1, kernelWidth = 1] = values.get(weights)?.shape ?? [];
      return op === "conv2d" && x === value && !others.includes(value) && kernelHeight * kernelWidth > 1;
    });
}

/** Pixels of the input per cell of a feature map. */
function strideOf(value: string, graph: Graph): number {
  return imageInput(graph).size.height / (graph.values.get(value)?.shape[0] ?? 1);
}

function outputParameters(
  node: Node,
  graph: Graph,
  isU7: boolean,
  ranges: Ranges,
  parameters: ReadonlyMap<string, QuantizationParameters>,
): QuantizationParameters {
  if (node.op !== "conv2d")
    return concatParameters(node.inputs.flatMap((input) => parameters.get(input) ?? []));
  const range = ranges.get(node.output);
  if (range === undefined) throw new Error(`${node.output} has no calibrated range`);
  if (!isU7) return i16Parameters(range);
  return u7Parameters({
    range,
    activation: node.attributes.activation,
    hasResidual: node.inputs.length > 3,
    stride: strideOf(node.output, graph),
  });
}

/** The convolution with quantized inputs and output; the node itself where all are f32. */
function quantizeConvolution(
  node: Node<"conv2d">,
  silu: ConvolutionQuantization["silu"],
  parameters: ReadonlyMap<string, QuantizationParameters>,
  constants: Map<string, Constant>,
): Node {
  const [x = "", weights = "", bias, residual] = node.inputs;
  const input = parameters.get(x);
  const output = parameters.get(node.output);
  const added = parameters.get(residual ?? "");
  if (input === undefined && output === undefined && added === undefined) return node;
  const own = addQuantizedWeights(node.output, { weights, bias }, input, constants);
  const inputs = [x, own.weights, own.bias, ...(residual === undefined ? [] : [residual])];
  const { stride, padding, activation } = node.attributes;
  return makeNode("quantized_conv2d", inputs, node.output, {
    stride,
    padding,
    activation,
    quantization: {
      silu,
      inputZero: input?.zero.some((zero) => zero !== 0) ? input.zero : undefined,
      multiplier: own.multiplier,
      residual: residual === undefined ? undefined : (added ?? identity(own.multiplier.length)),
      output,
    },
  });
}

/** The head with weights and biases for its quantized features. */
function quantizeHead(
  node: Node<"yolov5_sparse_detect">,
  parameters: ReadonlyMap<string, QuantizationParameters>,
  constants: Map<string, Constant>,
): Node {
  const inputs = [...node.inputs];
  const multipliers = node.attributes.scales.map((_, scale) => {
    const [x = "", weights = "", bias = ""] = inputs.slice(4 * scale + 1);
    const input = parameters.get(x);
    if (input === undefined) return undefined;
    const own = addQuantizedWeights(`${node.output}/${scale}`, { weights, bias }, input, constants);
    inputs.splice(4 * scale + 2, 2, own.weights, own.bias);
    return own.multiplier;
  });
  return makeNode(node.op, inputs, node.output, { ...node.attributes, multipliers });
}

/** Quantizes weights and bias for the parameters of an input and adds them to the constants. */
function addQuantizedWeights(
  name: string,
  names: { readonly weights: string; readonly bias: string | undefined },
  input: QuantizationParameters | undefined,
  constants: Map<string, Constant>,
): { readonly weights: string; readonly bias: string; readonly multiplier: Float32Array } {
  const weights = constants.get(names.weights);
  if (weights?.dtype !== "f32") throw new Error(`${names.weights} is not a constant of floats`);
  const [outputs = 0] = weights.shape;
  const reals = Float32Array.from(constants.get(names.bias ?? "")?.data ?? new Float32Array(outputs));
  const quantized = input && quantizeWeights(weights, input);
  const own = { weights: `${name}.quantized.weights`, bias: `${name}.quantized.bias` };
  constants.set(own.weights, quantized?.weights ?? weights);
  const biases = reals.map((one, output) => one + (quantized?.biasShift[output] ?? 0));
  constants.set(own.bias, floats([outputs], biases));
  return { ...own, multiplier: quantized?.multiplier ?? new Float32Array(outputs).fill(1) };
}

/** The parameters of numbers that are stored as they are. */
function identity(channels: number) {
  return { scale: new Float32Array(channels).fill(1), zero: new Float32Array(channels) };
}
