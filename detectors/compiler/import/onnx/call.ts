import { damagedOnnx } from "../errors.ts";
import type { Call as NodeCall, Operation as NodeOperation } from "../evaluator.ts";
import { showNode } from "../file-node.ts";
import type { NdArray } from "../nd-array.ts";
import type { OnnxNode } from "./schema.ts";

/** A node and its inputs. Omitted inputs are undefined. */
export type Call = NodeCall<OnnxNode>;

/** Computes a node's outputs. @throws ModelError when the node breaks the operator's rules. */
export type Operation = NodeOperation<OnnxNode>;

/** A required input. @throws ModelError when it is missing. */
export function operand({ node, inputs }: Call, index: number): NdArray {
  const array = inputs[index];
  if (!array) throw damagedOnnx(`${showNode(node)} lacks its input ${index}`);
  return array;
}

/** A required input of integers: a scalar or a list. @throws ModelError when it is missing or of another type. */
export function integerOperand(call: Call, index: number): number[] {
  const { type, data } = operand(call, index);
  if (type !== "int") throw damagedOnnx(`${showNode(call.node)}: input ${index} must be integers`);
  return [...data];
}

/** An axis counted from the front. @throws ModelError when there is no such axis. */
export function frontAxis({ node }: Call, axis: number, rank: number): number {
  const front = axis < 0 ? axis + rank : axis;
  if (!(front >= 0 && front < rank)) {
    throw damagedOnnx(`${showNode(node)} names axis ${axis} of a value with ${rank} axes`);
  }
  return front;
}
