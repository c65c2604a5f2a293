import { damagedTfjs } from "../errors.ts";
import { showNode } from "../file-node.ts";
import type { NdArray } from "../nd-array.ts";
import { type BodyContext, mapAt, setMap } from "./body-value.ts";
import {
  convolutionObstacle,
  depthwiseObstacle,
  importConvolution,
  importDepthwise,
  takesPadding,
} from "./convolution.ts";
import { importElementwise, subObstacle } from "./elementwise.ts";
import {
  concatObstacle,
  importConcat,
  importMean,
  importPad,
  importPool,
  importResize,
  meanObstacle,
  padObstacle,
  poolObstacle,
  resizeObstacle,
} from "./resizing.ts";
import type { TfjsNode } from "./schema.ts";

/** How an operator on feature maps is imported. */
interface BodyOperator {
  /** Why this node cannot be compiled, judged by its attributes and constant inputs; undefined when it can. */
  readonly obstacle?: (node: TfjsNode, constants: ReadonlyMap<string, NdArray>) => string | undefined;
  /** Adds the node to the graph and its value to the context. */
  readonly add: (context: BodyContext, node: TfjsNode) => void;
}

const convolution: BodyOperator = { obstacle: convolutionObstacle, add: importConvolution };
const depthwise: BodyOperator = { obstacle: depthwiseObstacle, add: importDepthwise };
const elementwise: BodyOperator = { add: importElementwise };
const resize: BodyOperator = { obstacle: resizeObstacle, add: importResize };
const pad: BodyOperator = { obstacle: padObstacle, add: importPad };

const bodyOperators: ReadonlyMap<string, BodyOperator> = new Map<string, BodyOperator>([
  ["_FusedConv2D", convolution],
  ["Conv2D", convolution],
  ["FusedDepthwiseConv2dNative", depthwise],
  ["DepthwiseConv2dNative", depthwise],
  ["BiasAdd", elementwise],
  ["Add", elementwise],
  ["AddV2", elementwise],
  ["Mul", elementwise],
  ["Sub", { obstacle: subObstacle, add: importElementwise }],
  ["Relu", { add: (context, node) => importActivation(context, node, "relu") }],
  ["Relu6", { add: (context, node) => importActivation(context, node, "relu6") }],
  ["Sigmoid", { add: (context, node) => importActivation(context, node, "sigmoid") }],
  ["Mean", { obstacle: meanObstacle, add: importMean }],
  ["ResizeBilinear", resize],
  ["ResizeNearestNeighbor", resize],
  ["ConcatV2", { obstacle: concatObstacle, add: importConcat }],
  ["MaxPool", { obstacle: poolObstacle, add: importPool }],
  ["Pad", pad],
  ["PadV2", pad],
  ["Identity", { add: (context, node) => setMap(context, node, mapAt(context, node, 0)) }],
]);

/**
 * Imports the network's nodes into the graph.
 * @throws ModelError when a node breaks its operator's rules.
 */
export function importBody(context: BodyContext, nodes: readonly TfjsNode[]): void {
  for (const node of nodes) {
    if (context.values.has(node.name)) continue;
    const operator = bodyOperators.get(node.opType);
    if (!operator) throw damagedTfjs(`${showNode(node)} has no entry in the weights manifest`);
    operator.add(context, node);
  }
}

function importActivation(context: BodyContext, node: TfjsNode, op: "relu" | "relu6" | "sigmoid"): void {
  setMap(context, node, context.builder.add(op, [mapAt(context, node, 0)], {}, node.name));
}

/** Nodes that become the padding of the next convolution. */
const PADS = new Set(["Pad", "PadV2"]);

/**
 * Reports the nodes of a network that cannot be compiled.
 * @param add receives an operator with what is special about it, and the node
 */
export function surveyBody(
  body: readonly TfjsNode[],
  constants: ReadonlyMap<string, NdArray>,
  add: (what: string, node: TfjsNode) => void,
): void {
  const pads = new Map(body.filter(({ opType }) => PADS.has(opType)).map((node) => [node.name, node]));
  for (const node of body) {
    if (SOURCES.has(node.opType)) continue;
    const operator = bodyOperators.get(node.opType);
    const obstacle = operator ? operator.obstacle?.(node, constants) : "";
    if (obstacle !== undefined) add(`${node.opType}${obstacle && ` ${obstacle}`}`, node);
    if (takesPadding(node)) continue;
    for (const pad of node.input.flatMap((name) => pads.get(name) ?? [])) {
      add(`${pad.opType} in front of ${node.opType}`, pad);
    }
  }
}

/** Nodes that compute nothing. */
export const SOURCES: ReadonlySet<string> = new Set(["Const", "Placeholder"]);
