import type { GraphBuilder } from "../../graph/builder.ts";
import type { Padding } from "../../ops/window.ts";
import { damagedTfjs } from "../errors.ts";
import { showNode } from "../file-node.ts";
import { elementsOf, type NdArray } from "../nd-array.ts";
import type { TfjsNode } from "./schema.ts";

/** A feature map of the graph. `padding` comes from a Pad; the next convolution adds it. */
export interface TfjsMap {
  readonly kind: "map";
  readonly name: string;
  readonly padding?: Padding;
}

/** A TensorFlow value during the import of the body: a feature map, or known numbers. */
export type BodyValue = TfjsMap | { readonly kind: "array"; readonly array: NdArray };

/** The context in which a node is imported. */
export interface BodyContext {
  readonly builder: GraphBuilder;
  /** By TensorFlow name. Each imported node adds its output. */
  readonly values: Map<string, BodyValue>;
}

/** The feature map at a node's input. @throws ModelError when there is none, or it is padded. */
export function mapAt(context: BodyContext, node: TfjsNode, index: number): string {
  const { name, padding } = paddedMapAt(context, node, index);
  if (padding)
    throw damagedTfjs(`${showNode(node)}: input ${index} is padded, which only convolutions support`);
  return name;
}

/** The feature map at a node's input, padded or not. @throws ModelError when there is none. */
export function paddedMapAt({ values }: BodyContext, node: TfjsNode, index: number): TfjsMap {
  const value = values.get(node.input[index] ?? "");
  if (value?.kind !== "map") throw damagedTfjs(`${showNode(node)}: input ${index} must be a feature map`);
  return value;
}

/** The known numbers at a node's input. @throws ModelError when there are none. */
export function arrayAt({ values }: BodyContext, node: TfjsNode, index: number): NdArray {
  const value = values.get(node.input[index] ?? "");
  if (value?.kind !== "array") throw damagedTfjs(`${showNode(node)}: input ${index} must be a constant`);
  return value.array;
}

/**
 * Stores the feature map that a node produces.
 * @throws ModelError when it is too large.
 */
export function setMap(
  { builder, values }: BodyContext,
  node: TfjsNode,
  name: string,
  padding?: Padding,
): void {
  elementsOf(builder.typeOf(name).shape);
  values.set(node.name, padding ? { kind: "map", name, padding } : { kind: "map", name });
}
