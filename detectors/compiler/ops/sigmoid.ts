import { inferUnary, mapElements } from "./elementwise.ts";
import type { OperatorDefinition } from "./operator.ts";

/** The logistic function 1 / (1 + e⁻ˣ), in f64. */
export function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** ONNX Sigmoid-13: y = 1 / (1 + e⁻ˣ), elementwise. */
export const sigmoid: OperatorDefinition<"sigmoid"> = {
  infer: inferUnary,
  reference: (inputs) => mapElements(inputs, logistic),
};
