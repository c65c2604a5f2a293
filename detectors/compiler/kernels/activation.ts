/** Emits activations on one vector at a time. */
import type { Activation } from "../ops/activation.ts";
import type { Target } from "../target.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";
import { broadcast } from "./loops.ts";
import { prepareOnePlusExpMinus } from "./sigmoid.ts";

/** Pushes the activated vector of `x`. */
export type EmitActivation = (x: Local) => void;

/** Prepares an activation. It loads constants into locals, so call it before the loop. */
export function prepareActivation(code: Assembler, activation: Activation, target: Target): EmitActivation {
  switch (activation) {
    case "none":
      return (x) => void code.get(x);
    case "silu": {
      const onePlusExpMinus = prepareOnePlusExpMinus(code, target);
      return (x) => {
        code.get(x).get(x);
        onePlusExpMinus();
        code.op("f32x4.div");
      };
    }
    case "relu": {
      const zero = broadcast(code, 0);
      return (x) => void code.get(x).get(zero).op("f32x4.pmax");
    }
    case "relu6": {
      const zero = broadcast(code, 0);
      const six = broadcast(code, 6);
      return (x) => void code.get(x).get(zero).op("f32x4.pmax").get(six).op("f32x4.pmin");
    }
    default: {
      if ("leakyRelu" in activation) return prepareLeakyRelu(code, activation.leakyRelu);
      const slope = broadcast(code, activation.hardSwish);
      const three = broadcast(code, 3);
      const zero = broadcast(code, 0);
      const six = broadcast(code, 6);
      return (x) => {
        code.get(x).get(slope).op("f32x4.mul");
        code.get(x).get(three).op("f32x4.add").get(zero).op("f32x4.pmax").get(six).op("f32x4.pmin");
        code.op("f32x4.mul");
      };
    }
  }
}

function prepareLeakyRelu(code: Assembler, slope: number): EmitActivation {
  const factor = broadcast(code, slope);
  const zero = broadcast(code, 0);
  return (x) => {
    code.get(x).get(factor).op("f32x4.mul").get(x);
    code.get(x).get(zero).op("f32x4.lt").op("v128.bitselect");
  };
}
