/**
 * ONNX If-16. Where the condition is known, only the branch taken is imported. Else both branches are computed, and the condition
 * chooses between their results.
 */

import { sameShape, showType } from "../../../ops/shapes.ts";
import { damagedOnnx } from "../../errors.ts";
import { showNode } from "../../file-node.ts";
import type { OnnxGraph, OnnxNode } from "../schema.ts";
import { copy } from "./elementwise.ts";
import { type NodeCall, nodeCall, refuse, type TensorValue } from "./node-call.ts";
import { type Import, nestedValues, type Values } from "./scope.ts";

/** Imports an If. Its results are absent where a branch or the condition cannot be compiled. */
export function importIf(node: OnnxNode, values: Values, context: Import): void {
  const [yes, no] = ["then_branch", "else_branch"].map((name) => branchOf(node, name));
  if (yes === undefined || no === undefined) throw damagedOnnx(`${showNode(node)} lacks a branch`);
  const condition = values.get(node.input[0] ?? "");
  if (condition?.kind === "known") {
    const [isTrue, ...more] = condition.array.data;
    if (isTrue === undefined || more.length > 0)
      throw refuse(node, `has a condition of ${more.length + 1} elements`);
    for (const [index, value] of importBranch(isTrue === 0 ? no : yes, values, context).entries()) {
      define(node, index, value, values);
    }
    return;
  }
  const results = [yes, no].map((branch) => importBranch(branch, values, context));
  if (condition === undefined) return;
  for (const index of node.output.keys()) {
    const [a, b] = results.map((branch) => branch[index]);
    if (a !== undefined && b !== undefined)
      define(node, index, chosen(node, [condition, a, b], index, context), values);
  }
}

/** @throws ModelError unless the branch returns as many values as the node. */
function branchOf(node: OnnxNode, name: string): OnnxGraph | undefined {
  const graph = node.attribute.find((attribute) => attribute.name === name)?.g;
  if (graph === undefined || graph.output.length === node.output.length) return graph;
  throw damagedOnnx(
    `${showNode(node)} returns ${node.output.length} values, and its ${name} returns ${graph.output.length}`,
  );
}

/** The results of a branch. */
function importBranch(
  graph: OnnxGraph,
  outer: Values,
  { importGraph }: Import,
): readonly (TensorValue | undefined)[] {
  const values = nestedValues(outer);
  importGraph(graph, values);
  return graph.output.map(({ name = "" }) => values.get(name));
}

function define(node: OnnxNode, index: number, value: TensorValue | undefined, values: Values): void {
  const name = node.output[index];
  if (name && value !== undefined) values.set(name, value);
}

/** @throws ModelError when the branches return values of different types or shapes. */
function chosen(
  node: OnnxNode,
  inputs: readonly [condition: TensorValue, yes: TensorValue, no: TensorValue],
  index: number,
  { builder, opset }: Import,
): TensorValue {
  const call = nodeCall(node, opset, inputs, builder);
  const [a, b] = [call.value(1), call.value(2)];
  const [first, second] = [call.typeOf(a), call.typeOf(b)];
  if (first.dtype !== second.dtype || !sameShape(first.shape, second.shape)) {
    throw refuse(
      node,
      `returns "${node.output[index]}" as ${showType(first)} or as ${showType(second)}, depending on its condition`,
    );
  }
  const name = a === b ? copy(call, a) : call.add("where", [conditionOf(call), a, b], {});
  return { kind: "computed", name, isLong: call.isLong(1) || call.isLong(2) };
}

/** The condition as a scalar, so that results keep their rank. */
function conditionOf(call: NodeCall): string {
  const condition = call.value(0);
  const { dtype, shape } = call.typeOf(condition);
  if (dtype !== "bool" || shape.some((size) => size !== 1)) {
    throw refuse(call.node, `has the condition ${showType({ dtype, shape })}; expected one bool`);
  }
  return shape.length === 0 ? condition : call.add("reshape", [condition], { shape: [] });
}
