import type { Target } from "../target.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";

/** sum += a · b on four floats: one rounding or two, as the target has it. */
export function multiplyAdd(code: Assembler, target: Target, a: Local, b: Local, sum: Local): void {
  code.get(a).get(b);
  if (target === "relaxed") code.get(sum).op("f32x4.relaxed_madd");
  else code.op("f32x4.mul").get(sum).op("f32x4.add");
  code.set(sum);
}
