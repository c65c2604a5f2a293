/**
 * What the engine that runs the module must be able to do. `simd128`: every engine of today, and the same bits in each.
 * `relaxed`: fused multiply-add of the relaxed SIMD proposal where the CPU has it, up to a fifth faster on x86-64;
 * results may differ in the last bits from one engine or CPU to another.
 */
export type Target = "simd128" | "relaxed";

/** The WebAssembly features that a module for this target uses, as its description lists them. */
export function featuresOf(target: Target): readonly string[] {
  return target === "relaxed" ? ["simd128", "relaxed-simd", "bulk-memory"] : ["simd128", "bulk-memory"];
}
