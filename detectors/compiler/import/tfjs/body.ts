import { ModelError } from "../../../errors.ts";
import { damagedTfjs } from "../errors.ts";
import { type BodyContext, mapAt, setMap } from "./body-value.ts";
import {
  convolutionObstacle,
  depthwiseObstacle,
  importConvolution,
  importDepthwise,
  takesPadding,
} from "./convolution.ts";
import type { CutGraph } from "./cut.ts";
import { importElementwise, subObstacle } from "./elementwise.ts";
import { showNode } from "./graph.ts";
import { canInterpret } from "./interpreter.ts";
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
import type { TfjsTensor } from "./weights.ts";

/** How an operator on feature maps is imported. */
interface BodyOperator {
  /** Why this node cannot be compiled, judged by its attributes and constant inputs; undefined when it can. */
  readonly obstacle?: (node: TfjsNode, constants: ReadonlyMap<string, TfjsTensor>) => string | undefined;
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
    const operator = bodyOperators.get(node.op);
    if (!operator) throw damagedTfjs(`${showNode(node)} has no entry in the weights manifest`);
    operator.add(context, node);
  }
}

function importActivation(context: BodyContext, node: TfjsNode, op: "relu" | "relu6" | "sigmoid"): void {
  setMap(context, node, context.builder.add(op, [mapAt(context, node, 0)], {}, node.name));
}

/** Nodes that compute nothing. */
const SOURCES = new Set(["Const", "Placeholder"]);
/** Nodes that become the padding of the next convolution. */
const PADS = new Set(["Pad", "PadV2"]);
/** The most node names listed per operator. */
const NAMES_SHOWN = 12;

/**
 * Checks all nodes before the import.
 * @throws ModelError listing every operator that cannot be compiled, with the number and names of its nodes.
 */
export function refuseUnsupported(
  { body, tail }: CutGraph,
  constants: ReadonlyMap<string, TfjsTensor>,
): void {
  const refused = new Map<string, string[]>();
  const refuse = ({ op, name }: TfjsNode, obstacle: string): void => {
    const what = obstacle === "" ? op : `${op} ${obstacle}`;
    const names = refused.get(what) ?? [];
    names.push(`"${name}"`);
    refused.set(what, names);
  };
  const pads = new Map(body.filter(({ op }) => PADS.has(op)).map((node) => [node.name, node]));
  for (const node of body) {
    if (SOURCES.has(node.op)) continue;
    const operator = bodyOperators.get(node.op);
    const obstacle = operator ? operator.obstacle?.(node, constants) : "";
    if (obstacle !== undefined) refuse(node, obstacle);
    if (takesPadding(node)) continue;
    for (const pad of node.input.flatMap((name) => pads.get(name) ?? []))
      refuse(pad, `in front of ${node.op}`);
  }
  for (const node of tail) if (!SOURCES.has(node.op) && !canInterpret(node.op)) refuse(node, "");

  if (refused.size === 0) return;
  const list = [...refused].map(([what, names]) => {
    const rest = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : "";
    const shown = names.slice(0, NAMES_SHOWN).join(", ");
    return `${what}: ${names.length} node${names.length === 1 ? "" : "s"}, ${shown}${rest}`;
  });
  throw new ModelError(
    `The TensorFlow.js model uses operators that cannot be compiled:`,
    "Only convolutional CenterNet detectors in NHWC layout are supported, such as the one that `sabrewing pull mobilenet` fetches.",
    { list },
  );
}
