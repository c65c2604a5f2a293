import type { GraphBuilder } from "../../graph/builder.ts";
import { damagedOnnx } from "../errors.ts";
import { showNode } from "./attributes.ts";
import type { Interpreter } from "./interpreter.ts";
import type { NdArray } from "./nd-array.ts";
import type { OnnxNode } from "./schema.ts";

/** What an ONNX value is while the body is imported: a feature map of the graph (NHWC there), or known numbers. */
export type BodyValue =
  | { readonly kind: "map"; readonly name: string }
  | { readonly kind: "array"; readonly array: NdArray };

/** Everything that importing a node may need. */
export interface BodyContext {
  readonly builder: GraphBuilder;
  readonly interpreter: Interpreter;
  /** By ONNX name; grows node by node. */
  readonly values: Map<string, BodyValue>;
  /** The one node that uses this value, undefined when there are several or it is an output. */
  readonly onlyUser: (value: string) => OnnxNode | undefined;
}

/** The value at a node's input, undefined when it is left out. @throws ModelError when nothing makes it. */
export function bodyInput({ values }: BodyContext, node: OnnxNode, index: number): BodyValue | undefined {
  const name = node.input[index];
  if (!name) return undefined;
  const value = values.get(name);
  if (!value) throw damagedOnnx(`${showNode(node)} uses "${name}" before anything makes it`);
  return value;
}

/** The feature map at a node's input. @throws ModelError when it is none. */
export function mapInput(context: BodyContext, node: OnnxNode, index: number): string {
  const value = bodyInput(context, node, index);
  if (value?.kind !== "map") throw damagedOnnx(`${showNode(node)}: input ${index} must be a feature map`);
  return value.name;
}

/** The known numbers at a node's input, undefined when it is left out. @throws ModelError when they are not known. */
export function arrayInput(context: BodyContext, node: OnnxNode, index: number): NdArray | undefined {
  const value = bodyInput(context, node, index);
  if (value?.kind === "map") throw damagedOnnx(`${showNode(node)}: input ${index} must be a constant`);
  return value?.array;
}

/** Name of the value a node makes. @throws ModelError when it makes none. */
export function outputName(node: OnnxNode): string {
  const [name] = node.output;
  if (!name) throw damagedOnnx(`${showNode(node)} makes no value`);
  return name;
}
