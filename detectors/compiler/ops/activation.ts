import type { Activation } from "../graph/graph.ts";
import { logistic } from "./sigmoid.ts";

/** The plain meaning of an activation that a convolution has taken over, in f64. */
export function activate(activation: Activation, x: number): number {
  switch (activation) {
    case "none":
      return x;
    case "silu":
      return x * logistic(x);
    case "relu":
      return Math.max(x, 0);
    case "relu6":
      return Math.min(Math.max(x, 0), 6);
    default:
      return activation.hardSwish * x * Math.min(Math.max(x + 3, 0), 6);
  }
}
