import type { GraphBuilder } from "../../graph/builder.ts";
import type { Padding } from "../../graph/graph.ts";
import { damagedTfjs } from "../errors.ts";
import { showNode } from "./graph.ts";
import type { TfjsNode } from "./schema.ts";
import { elementsOf, type TfjsTensor } from "./weights.ts";

/** A feature map of the graph; with zeros around it that the next convolution shall add, where a Pad asked for them. */
export interface TfjsMap {
  readonly kind: "map";
  readonly name: string;
  readonly padding?: Padding;
}

/** What a TensorFlow value is while the body is imported: a feature map, or known numbers. */
export type BodyValue = TfjsMap | { readonly kind: "array"; readonly array: TfjsTensor };

/** Everything that importing a node may need. */
export interface BodyContext {
  readonly builder: GraphBuilder;
  /** By TensorFlow name; grows node by node. */
  readonly values: Map<string, BodyValue>;
}

/** The feature map at a node's input. @throws ModelError when there is none, or padding waits for a convolution. */
export function mapAt(context: BodyContext, node: TfjsNode, index: number): string {
  const { name, padding } = paddedMapAt(context, node, index);
  if (padding) throw damagedTfjs(`${showNode(node)}: input ${index} is padded, which only convolutions take`);
  return name;
}

/** The feature map at a node's input, padded or not. @throws ModelError when there is none. */
export function paddedMapAt({ values }: BodyContext, node: TfjsNode, index: number): TfjsMap {
  const value = values.get(node.input[index] ?? "");
  if (value?.kind !== "map") throw damagedTfjs(`${showNode(node)}: input ${index} must be a feature map`);
  return value;
}

/** The known numbers at a node's input. @throws ModelError when they are not known. */
export function arrayAt({ values }: BodyContext, node: TfjsNode, index: number): TfjsTensor {
  const value = values.get(node.input[index] ?? "");
  if (value?.kind !== "array") throw damagedTfjs(`${showNode(node)}: input ${index} must be a constant`);
  return value.array;
}

/**
 * Notes the feature map that a node makes.
 * @throws ModelError when it is absurdly large.
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
