import { ModelError } from "../../errors.ts";
import { damagedTfjs } from "./damaged-tfjs.ts";
import { mapAt, setMap, type TfjsContext } from "./tfjs-body-value.ts";
import {
  importTfjsConvolution,
  importTfjsDepthwise,
  takesPadding,
  tfjsConvolutionObstacle,
  tfjsDepthwiseObstacle,
} from "./tfjs-convolution.ts";
import type { CutTfjsGraph } from "./tfjs-cut.ts";
import { importTfjsElementwise, tfjsSubObstacle } from "./tfjs-elementwise.ts";
import { showTfjsNode } from "./tfjs-graph.ts";
import {
  importTfjsConcat,
  importTfjsMean,
  importTfjsPad,
  importTfjsPool,
  importTfjsResize,
  tfjsConcatObstacle,
  tfjsMeanObstacle,
  tfjsPadObstacle,
  tfjsPoolObstacle,
  tfjsResizeObstacle,
} from "./tfjs-resizing.ts";
import type { TfjsNode } from "./tfjs-schema.ts";
import { canCalculate } from "./tfjs-tail.ts";
import type { TfjsTensor } from "./tfjs-weights.ts";

/** How an operator on feature maps is imported. */
interface BodyOperator {
  /** What about this node cannot be compiled, seen from its attributes and constant inputs. */
  readonly obstacle?: (node: TfjsNode, constants: ReadonlyMap<string, TfjsTensor>) => string | undefined;
  /** Adds the node to the graph and its value to the context. */
  readonly add: (context: TfjsContext, node: TfjsNode) => void;
}

const convolution: BodyOperator = { obstacle: tfjsConvolutionObstacle, add: importTfjsConvolution };
const depthwise: BodyOperator = { obstacle: tfjsDepthwiseObstacle, add: importTfjsDepthwise };
const elementwise: BodyOperator = { add: importTfjsElementwise };
const resize: BodyOperator = { obstacle: tfjsResizeObstacle, add: importTfjsResize };
const pad: BodyOperator = { obstacle: tfjsPadObstacle, add: importTfjsPad };

const bodyOperators: ReadonlyMap<string, BodyOperator> = new Map<string, BodyOperator>([
  ["_FusedConv2D", convolution],
  ["Conv2D", convolution],
  ["FusedDepthwiseConv2dNative", depthwise],
  ["DepthwiseConv2dNative", depthwise],
  ["BiasAdd", elementwise],
  ["Add", elementwise],
  ["AddV2", elementwise],
  ["Mul", elementwise],
  ["Sub", { obstacle: tfjsSubObstacle, add: importTfjsElementwise }],
  ["Relu", { add: (context, node) => importActivation(context, node, "relu") }],
  ["Relu6", { add: (context, node) => importActivation(context, node, "relu6") }],
  ["Sigmoid", { add: (context, node) => importActivation(context, node, "sigmoid") }],
  ["Mean", { obstacle: tfjsMeanObstacle, add: importTfjsMean }],
  ["ResizeBilinear", resize],
  ["ResizeNearestNeighbor", resize],
  ["ConcatV2", { obstacle: tfjsConcatObstacle, add: importTfjsConcat }],
  ["MaxPool", { obstacle: tfjsPoolObstacle, add: importTfjsPool }],
  ["Pad", pad],
  ["PadV2", pad],
  ["Identity", { add: (context, node) => setMap(context, node, mapAt(context, node, 0)) }],
]);

/**
 * Imports the network's nodes into the graph.
 * @throws ModelError when a node breaks its operator's rules.
 */
export function importTfjsBody(context: TfjsContext, nodes: readonly TfjsNode[]): void {
  for (const node of nodes) {
    if (context.values.has(node.name)) continue;
    const operator = bodyOperators.get(node.op);
    if (!operator) throw damagedTfjs(`${showTfjsNode(node)} has no numbers in the manifest of weights`);
    operator.add(context, node);
  }
}

function importActivation(context: TfjsContext, node: TfjsNode, op: "relu" | "relu6" | "sigmoid"): void {
  setMap(context, node, context.builder.add(op, [mapAt(context, node, 0)], {}, node.name));
}

/** Neither kind of node computes anything. */
const SOURCES = new Set(["Const", "Placeholder"]);
/** They become padding of the convolution behind them. */
const PADS = new Set(["Pad", "PadV2"]);
/** So many names tell where to look. */
const NAMES_SHOWN = 12;

/**
 * Looks through all nodes before anything is imported.
 * @throws ModelError listing every operator that cannot be compiled, with the number and names of its nodes.
 */
export function refuseUnsupportedTfjs(
  { body, tail }: CutTfjsGraph,
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
  for (const node of tail) if (!SOURCES.has(node.op) && !canCalculate(node.op)) refuse(node, "");

  if (refused.size === 0) return;
  const list = [...refused].map(([what, names]) => {
    const rest = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : "";
    const shown = names.slice(0, NAMES_SHOWN).join(", ");
    return `${what}: ${names.length} node${names.length === 1 ? "" : "s"}, ${shown}${rest}`;
  });
  throw new ModelError(
    `The TensorFlow.js model uses operators that cannot be compiled:`,
    "Only CenterNet detectors of convolutions, NHWC, are supported, such as the one that `sabrewing pull mobilenet` fetches.",
    { list },
  );
}
