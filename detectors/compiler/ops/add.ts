import { combineElementwise, inferElementwise } from "./elementwise.ts";
import type { OperatorDefinition } from "./operator.ts";

/** ONNX Add-14 without general broadcasting: both of one shape, or the second [channels]. */
export const add: OperatorDefinition<"add"> = {
  infer: inferElementwise,
  reference: (inputs) => combineElementwise(inputs, (a, b) => a + b),
};
