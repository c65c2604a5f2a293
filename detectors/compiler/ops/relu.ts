import { inferUnary, mapElements } from "./elementwise.ts";
import type { OperatorDefinition } from "./operator.ts";

/** ONNX Relu-14: y = max(x, 0), elementwise. */
export const relu: OperatorDefinition<"relu"> = {
  infer: inferUnary,
  reference: (inputs) => mapElements(inputs, (x) => Math.max(x, 0)),
};
