import { inferUnary, mapElements } from "./elementwise.ts";
import type { OperatorDefinition } from "./operator.ts";

/** Hard swish (Howard et al. 2019, arXiv:1905.02244): y = slope · x · min(max(x + 3, 0), 6), elementwise. */
export const hardSwish: OperatorDefinition<"hard_swish"> = {
  infer: inferUnary,
  reference: (inputs, { slope }) => mapElements(inputs, (x) => slope * x * Math.min(Math.max(x + 3, 0), 6)),
};
