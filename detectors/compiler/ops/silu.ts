import { inferUnary, mapElements } from "./elementwise.ts";
import type { OperatorDefinition } from "./operator.ts";
import { logistic } from "./sigmoid.ts";

/** SiLU (Elfwing et al. 2017, arXiv:1702.03118): y = x · sigmoid(x), elementwise. */
export const silu: OperatorDefinition<"silu"> = {
  infer: inferUnary,
  reference: (inputs) => mapElements(inputs, (x) => x * logistic(x)),
};
