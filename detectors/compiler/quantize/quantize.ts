/** f32 graph → the same network with its feature maps and weights stored as integers. */
import { makeNode } from "../graph/builder.ts";
import type { Constant, ConvolutionQuantization, Graph, Node } from "../graph/graph.ts";
import { removeDead } from "../passes/remove-dead.ts";
import { rebuild } from "../passes/rewrite.ts";
import type { Ranges } from "./ranges.ts";
import { passesThrough, storableValues } from "./storable.ts";
import { asI16, asU7, joined, type Stored } from "./stored.ts";
import { wholeWeights } from "./whole-weights.ts";

/** How numbers are stored. */
export interface Quantization {
  /**
   * `i16`: 15 bits, near lossless. `i8`: 7 bits and weights of 8, but 15 on those maps of the finest strides that 1×1
   * convolutions read, which cost most of the accuracy and are few.
   */
  readonly precision: "i16" | "i8";
  /** Of every feature map that a convolution makes. */
  readonly ranges: Ranges;
}

/** Bytes are much coarser than the coarse SiLU, whose errors are as often above as below. */
const SILU = { i16: "fine", i8: "coarse" } as const;

/**
 * Maps of up to so many pixels of the picture per cell stay i16: at 7 bits they alone would cost half of all that is lost.
 * Not those that only larger kernels than 1×1 read: over neighbours the errors even out, and at 7 bits nothing more is lost.
 */
const FINE_STRIDE = 4;

/**
 * Stores what it can as integers: feature maps with factors per channel, weights with one per output channel. The factors of
 * a convolution's input go into its weights, so that they cost nothing. What an operator without integers reads or
 * makes stays f32.
 */
export function quantize(graph: Graph, { precision, ranges }: Quantization): Graph {
  const storable = storableValues(graph);
  const narrow = precision === "i8" ? narrowValues(graph, storable) : new Set<string>();
  const stored = new Map<string, Stored>();
  const constants = new Map(graph.constants);
  const nodes = graph.nodes.map((node): Node => {
    if (node.op === "yolov5_sparse_detect") return quantizeHead(node, stored, constants);
    if (node.op !== "conv2d" && !passesThrough(node)) return node;
    if (storable.has(node.output)) {
      stored.set(node.output, storedOutput(node, graph, narrow.has(node.output), ranges, stored));
    }
    return node.op === "conv2d" ? quantizeConvolution(node, SILU[precision], stored, constants) : node;
  });
  return removeDead(rebuild(graph, nodes, constants));
}

/**
 * The storable values that are stored in 7 bits: those of coarse strides or that neighbours even out, and what they pass
 * through together with them.
 */
function narrowValues(graph: Graph, storable: ReadonlySet<string>): ReadonlySet<string> {
  const isNarrow = (value: string) => strideOf(value, graph) > FINE_STRIDE || isEvenedOut(value, graph);
  const narrow = new Set([...storable].filter(isNarrow));
  for (let before = -1; before !== narrow.size; ) {
    before = narrow.size;
    for (const { inputs, output } of graph.nodes.filter(passesThrough)) {
      const values = [...inputs, output].filter((value) => storable.has(value));
      if (values.some((value) => narrow.has(value))) for (const value of values) narrow.add(value);
    }
  }
  return narrow;
}

/** Whether nobody reads a value but convolutions with kernels that span neighbours. */
function isEvenedOut(value: string, { nodes, values }: Graph): boolean {
  return nodes
    .filter(({ inputs }) => inputs.includes(value))
    .every(({ op, inputs: [x, weights = "", ...others] }) => {
      const [, kernelHeight = 1, kernelWidth = 1] = values.get(weights)?.shape ?? [];
      return op === "conv2d" && x === value && !others.includes(value) && kernelHeight * kernelWidth > 1;
    });
}

/** Pixels of the picture per cell of a feature map. */
function strideOf(value: string, { input, values }: Graph): number {
  const rows = (name: string) => values.get(name)?.shape[0] ?? 1;
  return rows(input) / rows(value);
}

function storedOutput(
  node: Node,
  graph: Graph,
  isNarrow: boolean,
  ranges: Ranges,
  stored: ReadonlyMap<string, Stored>,
): Stored {
  if (node.op !== "conv2d") return joined(node.inputs.flatMap((input) => stored.get(input) ?? []));
  const range = ranges.get(node.output);
  if (range === undefined) throw new Error(`nobody has seen the range of ${node.output}`);
  if (!isNarrow) return asI16(range);
  return asU7({
    range,
    activation: node.attributes.activation,
    hasResidual: node.inputs.length > 3,
    stride: strideOf(node.output, graph),
  });
}

/** The convolution for inputs and output as they are stored; itself where all are f32. */
function quantizeConvolution(
  node: Node<"conv2d">,
  silu: ConvolutionQuantization["silu"],
  stored: ReadonlyMap<string, Stored>,
  constants: Map<string, Constant>,
): Node {
  const [x = "", weights = "", bias, residual] = node.inputs;
  const input = stored.get(x);
  const output = stored.get(node.output);
  const added = stored.get(residual ?? "");
  if (input === undefined && output === undefined && added === undefined) return node;
  const own = addWholeWeights(node.output, { weights, bias }, input, constants);
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
      residual: residual === undefined ? undefined : (added ?? asItIs(own.multiplier.length)),
      output,
    },
  });
}

/** The head with weights and biases for its features as they are stored. */
function quantizeHead(
  node: Node<"yolov5_sparse_detect">,
  stored: ReadonlyMap<string, Stored>,
  constants: Map<string, Constant>,
): Node {
  const inputs = [...node.inputs];
  const multipliers = node.attributes.scales.map((_, scale) => {
    const [x = "", weights = "", bias = ""] = inputs.slice(4 * scale + 1);
    const input = stored.get(x);
    if (input === undefined) return undefined;
    const own = addWholeWeights(`${node.output}/${scale}`, { weights, bias }, input, constants);
    inputs.splice(4 * scale + 2, 2, own.weights, own.bias);
    return own.multiplier;
  });
  return makeNode(node.op, inputs, node.output, { ...node.attributes, multipliers });
}

/** Adds the weights and the bias that belong to an input as it is stored to the constants. */
function addWholeWeights(
  name: string,
  names: { readonly weights: string; readonly bias: string | undefined },
  input: Stored | undefined,
  constants: Map<string, Constant>,
): { readonly weights: string; readonly bias: string; readonly multiplier: Float32Array } {
  const weights = constants.get(names.weights);
  if (weights === undefined) throw new Error(`${names.weights} is not a constant`);
  const [outputs = 0] = weights.shape;
  const reals = constants.get(names.bias ?? "")?.data ?? new Float32Array(outputs);
  const whole = input && wholeWeights(weights, input);
  const own = { weights: `${name}.whole.weights`, bias: `${name}.whole.bias` };
  constants.set(own.weights, whole?.weights ?? weights);
  constants.set(own.bias, {
    shape: [outputs],
    data: reals.map((one, output) => one + (whole?.biasShift[output] ?? 0)),
  });
  return { ...own, multiplier: whole?.multiplier ?? new Float32Array(outputs).fill(1) };
}

/** Reals, told in the same words. */
function asItIs(channels: number) {
  return { scale: new Float32Array(channels).fill(1), zero: new Float32Array(channels) };
}
