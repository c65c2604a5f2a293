import type { GraphBuilder } from "../../graph/builder.ts";
import { damagedOnnx } from "../errors.ts";
import type { Evaluator } from "../evaluator.ts";
import { showNode } from "../file-node.ts";
import type { NdArray } from "../nd-array.ts";
import type { OnnxNode } from "./schema.ts";

/** An ONNX value during the import of the body: a feature map of our graph (NHWC), or known numbers. */
export type BodyValue =
  | { readonly kind: "map"; readonly name: string }
  | { readonly kind: "array"; readonly array: NdArray };

/** The context in which a node is imported. */
export interface BodyContext {
  readonly builder: GraphBuilder;
  readonly evaluator: Evaluator<OnnxNode>;
  /** By ONNX name. Each imported node adds its outputs. */
  readonly values: Map<string, BodyValue>;
  /** The only node that uses this value; undefined when several do or it is a graph output. */
  readonly onlyUser: (value: string) => OnnxNode | undefined;
}

/** A node's input; undefined when it is omitted. @throws ModelError when no earlier node produces it. */
export function bodyInput({ values }: BodyContext, node: OnnxNode, index: number): BodyValue | undefined {
  const name = node.input[index];
  if (!name) return undefined;
  const value = values.get(name);
  if (!value) throw damagedOnnx(`${showNode(node)} uses "${name}" before any node produces it`);
  return value;
}

/** The feature map at a node's input. @throws ModelError when it is not a feature map. */
export function mapInput(context: BodyContext, node: OnnxNode, index: number): string {
  const value = bodyInput(context, node, index);
  if (value?.kind !== "map") throw damagedOnnx(`${showNode(node)}: input ${index} must be a feature map`);
  return value.name;
}

/** The known numbers at a node's input; undefined when it is omitted. @throws ModelError when it is a feature map. */
export function arrayInput(context: BodyContext, node: OnnxNode, index: number): NdArray | undefined {
  const value = bodyInput(context, node, index);
  if (value?.kind === "map") throw damagedOnnx(`${showNode(node)}: input ${index} must be a constant`);
  return value?.array;
}

/** Name of a node's first output. @throws ModelError when it has none. */
export function outputName(node: OnnxNode): string {
  const [name] = node.output;
  if (!name) throw damagedOnnx(`${showNode(node)} has no output`);
  return name;
}
