/** Emits the activation that a convolution has taken over, on one vector at a time. */
import type { Activation } from "../graph/graph.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";
import type { KernelContext } from "./kernel.ts";
import { loadSigmoidConstants, onePlusExpMinus } from "./sigmoid.ts";

/** Leaves the activated vector of `x` on the stack. */
export type EmitActivation = (x: Local) => void;

/** Prepares an activation: its constants are loaded into locals here, so call it before the loop. */
export function prepareActivation(
  code: Assembler,
  activation: Activation,
  context: KernelContext,
): EmitActivation {
  const constant = (value: number): Local => {
    const local = code.local("v128");
    code.f32(value).op("f32x4.splat").set(local);
    return local;
  };
  switch (activation) {
    case "none":
      return (x) => void code.get(x);
    case "silu": {
      const constants = loadSigmoidConstants(code, context);
      return (x) => {
        code.get(x);
        onePlusExpMinus(code, x, constants);
        code.op("f32x4.div");
      };
    }
    case "relu": {
      const zero = constant(0);
      return (x) => void code.get(x).get(zero).op("f32x4.pmax");
    }
    case "relu6": {
      const zero = constant(0);
      const six = constant(6);
      return (x) => void code.get(x).get(zero).op("f32x4.pmax").get(six).op("f32x4.pmin");
    }
    default: {
      const slope = constant(activation.hardSwish);
      const three = constant(3);
      const zero = constant(0);
      const six = constant(6);
      return (x) => {
        code.get(x).get(slope).op("f32x4.mul");
        code.get(x).get(three).op("f32x4.add").get(zero).op("f32x4.pmax").get(six).op("f32x4.pmin");
        code.op("f32x4.mul");
      };
    }
  }
}
