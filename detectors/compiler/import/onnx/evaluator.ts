import { createEvaluator, type Evaluator } from "../evaluator.ts";
import { arithmetic } from "./arithmetic.ts";
import type { Operation } from "./call.ts";
import { creation } from "./creation.ts";
import { dataMovement } from "./data-movement.ts";
import type { OnnxNode } from "./schema.ts";

const operations: ReadonlyMap<string, Operation> = new Map(
  Object.entries({ ...arithmetic, ...dataMovement, ...creation }),
);

/**
 * An evaluator of ONNX nodes, in f32: shape arithmetic and the decode of heads.
 * @param maxElements of all results together
 */
export function onnxEvaluator(maxElements?: number): Evaluator<OnnxNode> {
  return createEvaluator(operations, maxElements);
}
