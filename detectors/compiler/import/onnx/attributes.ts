import { damagedOnnx } from "../errors.ts";
import { showNode } from "../file-node.ts";
import type { NdArray } from "../nd-array.ts";
import { readTensor } from "./read-tensor.ts";
import type { OnnxAttribute, OnnxNode } from "./schema.ts";

function find(node: OnnxNode, name: string): OnnxAttribute | undefined {
  return node.attribute.find((attribute) => attribute.name === name);
}

/** An integer attribute. @throws ModelError when it is absent and has no default. */
export function intAttribute(node: OnnxNode, name: string, absent?: number): number {
  const attribute = find(node, name);
  // proto3 writers omit zeros.
  const value = attribute ? (attribute.i ?? 0) : absent;
  if (value === undefined) throw damagedOnnx(`${showNode(node)} lacks its attribute ${name}`);
  return value;
}

/** A float attribute. */
export function floatAttribute(node: OnnxNode, name: string, absent: number): number {
  const attribute = find(node, name);
  return attribute ? (attribute.f ?? 0) : absent;
}

/** A string attribute. */
export function stringAttribute(node: OnnxNode, name: string, absent: string): string {
  const bytes = find(node, name)?.s;
  return bytes ? new TextDecoder().decode(bytes) : absent;
}

/** A list of strings, undefined when absent. */
export function stringsAttribute(node: OnnxNode, name: string): readonly string[] | undefined {
  return find(node, name)?.strings?.map((bytes) => new TextDecoder().decode(bytes));
}

/** A list of integers, undefined when absent. */
export function intsAttribute(node: OnnxNode, name: string): readonly number[] | undefined {
  return find(node, name)?.ints;
}

/** A list of floats, undefined when absent. */
export function floatsAttribute(node: OnnxNode, name: string): readonly number[] | undefined {
  return find(node, name)?.floats;
}

/** A tensor, undefined when absent. @throws ModelError when it cannot be read. */
export function tensorAttribute(node: OnnxNode, name: string): NdArray | undefined {
  const tensor = find(node, name)?.t;
  return tensor && readTensor(tensor);
}
