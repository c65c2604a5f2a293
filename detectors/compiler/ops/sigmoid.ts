import { checkInputCount, type OperatorDefinition, tensorAt } from "./operator.ts";

/** The logistic function 1 / (1 + e⁻ˣ), in f64. */
export function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** ONNX Sigmoid-13: y = 1 / (1 + e⁻ˣ), elementwise. */
export const sigmoid: OperatorDefinition<"sigmoid"> = {
  infer(inputs) {
    checkInputCount(inputs, 1, 1);
    return { dtype: "f32", shape: inputs[0]?.shape ?? [] };
  },
  reference(inputs) {
    const x = tensorAt(inputs, 0);
    return { shape: x.shape, data: Float32Array.from(x.data, logistic) };
  },
};
