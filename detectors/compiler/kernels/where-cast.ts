/** Kernels of elementwise operators that combine or convert types of numbers. */
import { elementwiseKernel, needed } from "./elementwise.ts";
import { inputAt } from "./kernel.ts";
import { broadcast } from "./loops.ts";

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
