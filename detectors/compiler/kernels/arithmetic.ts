/** Kernels of arithmetic on elements. */
import type { Operator } from "../ops/index.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";
import type { PlainName } from "../wasm/opcodes.ts";
import { elementwiseKernel, instructionKernel, needed } from "./elementwise.ts";
import { type EmitFunction, prepareExp, preparePow } from "./functions.ts";
import { inputAt, type Kernel } from "./kernel.ts";
import { broadcast } from "./loops.ts";
import { prepareOnePlusExpMinus } from "./sigmoid.ts";

type OnIntegers = (code: Assembler, values: readonly Local[]) => void;

function instruction(name: PlainName): OnIntegers {
  return (code, values) => {
    for (const value of values) code.get(value);
    code.op(name);
  };
}

/** The first operand where the comparison holds, else the second. */
function chosenBy(comparison: PlainName): OnIntegers {
  return (code, values) => {
    for (const value of [...values, ...values]) code.get(value);
    code.op(comparison).op("select");
  };
}

/** The quotient of integers. WebAssembly traps for a divisor of 0, and for the quotient 2³¹, which wraps around here. */
const divideIntegers: OnIntegers = (code, [a, b]) => {
  const divisor = code.local("i32");
  const [dividend, given] = [needed(a), needed(b)];
  code.i32(1).get(given).get(given).i32(1).op("i32.add").i32(2).op("i32.lt_u").op("select").set(divisor);
  code.get(dividend).get(divisor).op("i32.div_s");
  // The divisors −1 and 0 were replaced by 1: the product with them is right for both.
  code.get(dividend).get(given).op("i32.mul").get(given).i32(1).op("i32.add").i32(2).op("i32.lt_u");
  code.set(divisor);
  const [quotient, product] = [code.local("i32"), code.local("i32")];
  code.set(product).set(quotient).get(product).get(quotient).get(divisor).op("select");
};

const negate: OnIntegers = (code, [x]) => void code.i32(0).get(needed(x)).op("i32.sub");

const absolute: OnIntegers = (code, [x]) => {
  const value = needed(x);
  code.get(value).i32(0).get(value).op("i32.sub").get(value).i32(0).op("i32.gt_s").op("select");
};

const signOfInteger: OnIntegers = (code, [x]) => {
  const value = needed(x);
  code.get(value).i32(0).op("i32.gt_s").get(value).i32(0).op("i32.lt_s").op("i32.sub");
};

export const addKernel = instructionKernel<"add">("f32x4.add", instruction("i32.add"));
export const subKernel = instructionKernel<"sub">("f32x4.sub", instruction("i32.sub"));
export const mulKernel = instructionKernel<"mul">("f32x4.mul", instruction("i32.mul"));
export const divKernel = instructionKernel<"div">("f32x4.div", divideIntegers);
export const minKernel = instructionKernel<"min">("f32x4.min", chosenBy("i32.lt_s"));
export const maxKernel = instructionKernel<"max">("f32x4.max", chosenBy("i32.gt_s"));
export const absKernel = instructionKernel<"abs">("f32x4.abs", absolute);
export const negKernel = instructionKernel<"neg">("f32x4.neg", negate);

export const powKernel = elementwiseKernel<"pow">((code) => {
  const pow = preparePow(code);
  return ([a, b]) => pow(needed(a), needed(b));
});

export const sigmoidKernel = elementwiseKernel<"sigmoid">((code, _, { target }) => {
  const one = broadcast(code, 1);
  const onePlusExpMinus = prepareOnePlusExpMinus(code, target);
  return ([x]) => {
    code.get(one).get(needed(x));
    onePlusExpMinus();
    code.op("f32x4.div");
  };
});

export const signKernel = elementwiseKernel<"sign">((code, node, context) => {
  const isFloat = context.type(inputAt(node, 0)).dtype === "f32";
  const [zero, one] = [broadcast(code, 0), broadcast(code, 1)];
  return (values) => {
    if (!isFloat) {
      signOfInteger(code, values);
      return;
    }
    const x = needed(values[0]);
    // A true comparison is −1 as an integer; NaN stays.
    code.get(x).get(zero).op("f32x4.gt").get(one).op("v128.and");
    code.get(x).get(zero).op("f32x4.lt").get(one).op("v128.and").op("f32x4.sub");
    code.get(x).get(x).op("f32x4.ne").op("v128.or");
  };
});

export const preluKernel = elementwiseKernel<"prelu">((code) => {
  const zero = broadcast(code, 0);
  return ([x, slope]) => {
    const value = needed(x);
    code.get(value).get(needed(slope)).op("f32x4.mul").get(value);
    code.get(value).get(zero).op("f32x4.lt").op("v128.bitselect");
  };
});

export const clipKernel = elementwiseKernel<"clip">((code, node, context) => {
  const { least, most } = node.attributes;
  if (context.type(inputAt(node, 0)).dtype === "f32") {
    const [low, high] = [broadcast(code, least), broadcast(code, most)];
    return ([x]) => void code.get(needed(x)).get(low).op("f32x4.max").get(high).op("f32x4.min");
  }
  const [low, high, raised] = [code.local("i32"), code.local("i32"), code.local("i32")];
  code.i32(Math.max(least, -(2 ** 31))).set(low);
  code.i32(Math.min(most, 2 ** 31 - 1)).set(high);
  return ([x]) => {
    chosenBy("i32.gt_s")(code, [needed(x), low]);
    code.set(raised);
    chosenBy("i32.lt_s")(code, [raised, high]);
  };
});

export const hardSigmoidKernel = elementwiseKernel<"hard_sigmoid">((code, { attributes }) => {
  const [alpha, beta] = [broadcast(code, attributes.alpha), broadcast(code, attributes.beta)];
  const [zero, one] = [broadcast(code, 0), broadcast(code, 1)];
  return ([x]) => {
    code.get(needed(x)).get(alpha).op("f32x4.mul").get(beta).op("f32x4.add");
    code.get(zero).op("f32x4.max").get(one).op("f32x4.min");
  };
});

export const eluKernel = elementwiseKernel<"elu">((code, { attributes }) => {
  const { alpha, gamma } = attributes;
  const [zero, one, scale] = [broadcast(code, 0), broadcast(code, 1), broadcast(code, gamma)];
  const below = broadcast(code, gamma * alpha);
  const exp = prepareExp(code);
  return ([x]) => {
    const value = needed(x);
    code.get(value).get(scale).op("f32x4.mul");
    exp(value);
    code.get(one).op("f32x4.sub").get(below).op("f32x4.mul");
    code.get(value).get(zero).op("f32x4.gt").op("v128.bitselect");
  };
});

/** A function of floats that needs more than one instruction. */
export function functionKernel<K extends Operator>(prepare: (code: Assembler) => EmitFunction): Kernel<K> {
  return elementwiseKernel((code) => {
    const emit = prepare(code);
    return ([x]) => emit(needed(x));
  });
}

export const notKernel = elementwiseKernel<"not">(
  (code) =>
    ([x]) =>
      void code.get(needed(x)).op("i32.eqz"),
);

export const whereKernel = elementwiseKernel<"where">((code, node, context) => {
  const isFloat = context.type(node.output).dtype === "f32";
  return ([condition, a, b]) => {
    code.get(needed(a)).get(needed(b));
    if (!isFloat) {
      code.get(needed(condition)).op("select");
      return;
    }
    // A bool is 0 or 1, a mask 0 or −1.
    code.i32(0).get(needed(condition)).op("i32.sub").op("i32x4.splat").op("v128.bitselect");
  };
});

export const castKernel = elementwiseKernel<"cast">((code, node, context) => {
  const { to } = node.attributes;
  const { dtype: from } = context.type(inputAt(node, 0));
  const zero = broadcast(code, 0);
  return ([x]) => {
    const value = needed(x);
    code.get(value);
    if (from === "f32") {
      if (to === "bool") code.get(zero).op("f32x4.ne").extractInteger(0).i32(1).op("i32.and");
      else if (to !== "f32") code.op("i32x4.trunc_sat_f32x4_s").extractInteger(0);
      return;
    }
    if (to === "bool") code.i32(0).op("i32.ne");
    else if (to === "f32") code.op("f32.convert_i32_s").op("f32x4.splat");
  };
});
