import { checkInputCount, type OperatorDefinition, tensorAt } from "./operator.ts";
import { logistic } from "./sigmoid.ts";

/** SiLU (Elfwing et al. 2017, arXiv:1702.03118): y = x · sigmoid(x), elementwise. */
export const silu: OperatorDefinition<"silu"> = {
  infer(inputs) {
    checkInputCount(inputs, 1, 1);
    return { dtype: "f32", shape: inputs[0]?.shape ?? [] };
  },
  reference(inputs) {
    const x = tensorAt(inputs, 0);
    return { shape: x.shape, data: Float32Array.from(x.data, (value) => value * logistic(value)) };
  },
};
