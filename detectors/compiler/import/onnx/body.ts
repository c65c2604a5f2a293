import { ModelError } from "../../../errors.ts";
import { damagedOnnx } from "../errors.ts";
import { showNode } from "../file-node.ts";
import type { NdArray } from "../nd-array.ts";
import { intAttribute, intsAttribute, stringAttribute } from "./attributes.ts";
import { type BodyContext, bodyInput, mapInput, outputName } from "./body-value.ts";
import {
  convolutionObstacle,
  importConvolution,
  paddingOf,
  strideOf,
  windowObstacle,
} from "./convolution.ts";
import { shapeOf } from "./creation.ts";
import { importElementwise, importNorm } from "./elementwise.ts";
import { arrayTypeOf } from "./read-tensor.ts";
import { importResize, resizeObstacle } from "./resize.ts";
import type { OnnxNode } from "./schema.ts";

/** How an operator on feature maps is imported. */
interface BodyOperator {
  /** Why this node cannot be compiled, judged by its attributes; undefined when it can. */
  readonly obstacle?: (node: OnnxNode) => string | undefined;
  /** Adds the node to the graph and its value to the context. */
  readonly add: (context: BodyContext, node: OnnxNode) => void;
}

const bodyOperators: ReadonlyMap<string, BodyOperator> = new Map<string, BodyOperator>([
  ["Conv", { obstacle: convolutionObstacle, add: importConvolution }],
  ["BatchNormalization", { obstacle: normObstacle, add: importNorm }],
  ["Sigmoid", { add: importSigmoid }],
  ["Add", { add: importElementwise }],
  ["Sub", { add: importElementwise }],
  ["Mul", { add: importElementwise }],
  ["Div", { add: importElementwise }],
  ["MaxPool", { obstacle: poolObstacle, add: importPool }],
  ["Resize", { obstacle: resizeObstacle, add: importResize }],
  ["Upsample", { obstacle: upsampleObstacle, add: importResize }],
  ["Concat", { obstacle: concatObstacle, add: importConcat }],
  ["Identity", { add: importIdentity }],
  ["Cast", { obstacle: castObstacle, add: importIdentity }],
  ["Shape", { add: importShape }],
]);

/** Why a node on feature maps cannot be compiled: empty for an unknown operator, undefined when it can. */
export function bodyObstacle(node: OnnxNode): string | undefined {
  const operator = bodyOperators.get(node.opType ?? "");
  return operator ? operator.obstacle?.(node) : "";
}

/**
 * Imports nodes into the graph. Operators on feature maps become graph nodes. Values that depend only on constants and
 * shapes are computed at once.
 * @throws ModelError when a node breaks its operator's rules.
 */
export function importBody(context: BodyContext, nodes: readonly OnnxNode[]): void {
  for (const node of nodes) {
    const inputs = node.input.map((_, index) => bodyInput(context, node, index));
    if (inputs.some((input) => input?.kind === "map")) {
      const operator = bodyOperators.get(node.opType ?? "");
      if (!operator) throw new ModelError(`${showNode(node)} cannot be compiled.`, "Export without it.");
      operator.add(context, node);
    } else {
      const arrays = inputs.map((input) => (input?.kind === "array" ? input.array : undefined));
      addArrays(context, node, context.evaluator.run(node, arrays));
    }
  }
}

function addArrays({ values }: BodyContext, node: OnnxNode, arrays: readonly NdArray[]): void {
  arrays.forEach((array, index) => {
    const name = node.output[index];
    if (name) values.set(name, { kind: "array", array });
  });
}

function addMap({ values }: BodyContext, node: OnnxNode, name: string): void {
  values.set(outputName(node), { kind: "map", name });
}

function importSigmoid(context: BodyContext, node: OnnxNode): void {
  addMap(context, node, context.builder.add("sigmoid", [mapInput(context, node, 0)], {}, outputName(node)));
}

function importConcat(context: BodyContext, node: OnnxNode): void {
  const maps = node.input.map((_, index) => mapInput(context, node, index));
  addMap(context, node, context.builder.add("concat", maps, { axis: 2 }, outputName(node)));
}

function importPool(context: BodyContext, node: OnnxNode): void {
  const [kernel = 0, , ...more] = intsAttribute(node, "kernel_shape") ?? [];
  if (more.length > 0) throw damagedOnnx(`${showNode(node)} is not two-dimensional`);
  const attributes = { kernel, stride: strideOf(node), padding: paddingOf(node) };
  const x = mapInput(context, node, 0);
  addMap(context, node, context.builder.add("max_pool2d", [x], attributes, outputName(node)));
}

function importIdentity(context: BodyContext, node: OnnxNode): void {
  addMap(context, node, mapInput(context, node, 0));
}

/** Later nodes expect ONNX's order of axes. */
function importShape(context: BodyContext, node: OnnxNode): void {
  const [height = 0, width = 0, channels = 0] = context.builder.typeOf(mapInput(context, node, 0)).shape;
  addArrays(context, node, [shapeOf({ node }, [1, channels, height, width])]);
}

function normObstacle(node: OnnxNode): string | undefined {
  return intAttribute(node, "training_mode", 0) === 0 ? undefined : "in training mode";
}

function poolObstacle(node: OnnxNode): string | undefined {
  const kernel = intsAttribute(node, "kernel_shape") ?? [];
  if (kernel.length !== 2 || kernel[0] !== kernel[1]) return `with kernel ${kernel.join("×")}`;
  if (intAttribute(node, "ceil_mode", 0) !== 0) return "with ceil_mode";
  return node.output.length > 1 && node.output[1] ? "with indices" : windowObstacle(node);
}

function upsampleObstacle(node: OnnxNode): string | undefined {
  const mode = stringAttribute(node, "mode", "nearest");
  return mode === "nearest" ? undefined : `with mode ${mode}`;
}

/** Feature maps are [1, channels, height, width] in ONNX. */
function concatObstacle(node: OnnxNode): string | undefined {
  const axis = intAttribute(node, "axis");
  return axis === 1 || axis === -3 ? undefined : `along axis ${axis}`;
}

function castObstacle(node: OnnxNode): string | undefined {
  const to = intAttribute(node, "to");
  return arrayTypeOf(to) === "float" ? undefined : `to data type ${to}`;
}
