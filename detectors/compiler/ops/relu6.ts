import { inferUnary, mapElements } from "./elementwise.ts";
import type { OperatorDefinition } from "./operator.ts";

/** TensorFlow Relu6: y = min(max(x, 0), 6), elementwise. */
export const relu6: OperatorDefinition<"relu6"> = {
  infer: inferUnary,
  reference: (inputs) => mapElements(inputs, (x) => Math.min(Math.max(x, 0), 6)),
};
