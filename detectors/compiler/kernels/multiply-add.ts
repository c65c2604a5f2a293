import type { Target } from "../target.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";

/** Leaves a · b + addend of the two on the stack, four floats each: one rounding or two, as the target has it. */
export function multiplyAdd(code: Assembler, target: Target, addend: Local): void {
  if (target === "relaxed") code.get(addend).op("f32x4.relaxed_madd");
  else code.op("f32x4.mul").get(addend).op("f32x4.add");
}
