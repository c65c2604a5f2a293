/** Kernels of arithmetic on elements. */
import type { arithmetic } from "../ops/arithmetic.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";
import type { PlainName } from "../wasm/opcodes.ts";
import {
  comparisonKernel,
  elementwiseKernel,
  functionKernel,
  instructionKernel,
  integerKernel,
  needed,
} from "./elementwise.ts";
import { prepareErf, prepareExp, prepareLog, preparePow, prepareTanh } from "./functions.ts";
import { inputAt, type Kernel } from "./kernel.ts";
import { broadcast } from "./loops.ts";

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

/** The remainder of integers with the sign of the dividend. A divisor of 0, at which WebAssembly traps, counts as 1. */
const truncatedRemainder: OnIntegers = (code, [a, b]) => {
  const divisor = needed(b);
  code.get(needed(a)).i32(1).get(divisor).get(divisor).op("i32.eqz").op("select").op("i32.rem_s");
};

/** The remainder with the sign of the divisor: another divisor is added where the signs differ. */
const floorRemainder: OnIntegers = (code, [a, b]) => {
  const [remainder, divisor] = [code.local("i32"), needed(b)];
  truncatedRemainder(code, [needed(a), divisor]);
  code.tee(remainder).get(divisor).i32(0);
  code.get(remainder).get(divisor).op("i32.xor").i32(0).op("i32.lt_s");
  code.get(remainder).i32(0).op("i32.ne").op("i32.and").op("select").op("i32.add");
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

const addKernel = instructionKernel<"add">("f32x4.add", instruction("i32.add"));
const subKernel = instructionKernel<"sub">("f32x4.sub", instruction("i32.sub"));
const mulKernel = instructionKernel<"mul">("f32x4.mul", instruction("i32.mul"));
const divKernel = instructionKernel<"div">("f32x4.div", divideIntegers);
const minKernel = instructionKernel<"min">("f32x4.min", chosenBy("i32.lt_s"));
const maxKernel = instructionKernel<"max">("f32x4.max", chosenBy("i32.gt_s"));
const absKernel = instructionKernel<"abs">("f32x4.abs", absolute);
const negKernel = instructionKernel<"neg">("f32x4.neg", negate);

const powKernel = elementwiseKernel<"pow">((code) => {
  const pow = preparePow(code);
  return ([a, b]) => pow(needed(a), needed(b));
});

const signKernel = elementwiseKernel<"sign">((code, node, context) => {
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

const preluKernel = elementwiseKernel<"prelu">((code) => {
  const zero = broadcast(code, 0);
  return ([x, slope]) => {
    const value = needed(x);
    code.get(value).get(needed(slope)).op("f32x4.mul").get(value);
    code.get(value).get(zero).op("f32x4.lt").op("v128.bitselect");
  };
});

const clipKernel = elementwiseKernel<"clip">((code, node, context) => {
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

const notKernel = elementwiseKernel<"not">(
  (code) =>
    ([x]) =>
      void code.get(needed(x)).op("i32.eqz"),
);

/** The kernels of all arithmetic. The type fails to compile when one has none. */
export const arithmeticKernels: { readonly [K in keyof typeof arithmetic]: Kernel<K> } = {
  add: addKernel,
  sub: subKernel,
  mul: mulKernel,
  div: divKernel,
  pow: powKernel,
  mod: integerKernel(floorRemainder),
  rem: integerKernel(truncatedRemainder),
  min: minKernel,
  max: maxKernel,
  prelu: preluKernel,
  abs: absKernel,
  neg: negKernel,
  sign: signKernel,
  sqrt: instructionKernel("f32x4.sqrt"),
  exp: functionKernel(prepareExp),
  log: functionKernel(prepareLog),
  tanh: functionKernel(prepareTanh),
  erf: functionKernel(prepareErf),
  floor: instructionKernel("f32x4.floor"),
  ceil: instructionKernel("f32x4.ceil"),
  round: instructionKernel("f32x4.nearest"),
  clip: clipKernel,
  equal: comparisonKernel("f32x4.eq", "i32.eq"),
  less: comparisonKernel("f32x4.lt", "i32.lt_s"),
  less_or_equal: comparisonKernel("f32x4.le", "i32.le_s"),
  // A bool is 0 or 1.
  and: comparisonKernel("f32x4.eq", "i32.and"),
  or: comparisonKernel("f32x4.eq", "i32.or"),
  xor: comparisonKernel("f32x4.eq", "i32.xor"),
  not: notKernel,
};
