import type { Target } from "../target.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";

/** Replaces a and b on the stack by a · b + addend, four floats each. The relaxed target may round once instead of twice. */
export function multiplyAdd(code: Assembler, target: Target, addend: Local): void {
  if (target === "relaxed") code.get(addend).op("f32x4.relaxed_madd");
  else code.op("f32x4.mul").get(addend).op("f32x4.add");
}
