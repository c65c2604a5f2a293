/**
 * The features that a module requires of its engine. `simd128`: runs in every current engine, with the same bits in each.
 * `relaxed`: fused multiply-add of the relaxed SIMD proposal where the CPU has it, up to a fifth faster on x86-64; results
 * may differ in the last bits between engines and CPUs.
 */
export type Target = "simd128" | "relaxed";

/** The WebAssembly features of a target, as the module's description lists them. */
export function featuresOf(target: Target): readonly string[] {
  return target === "relaxed" ? ["simd128", "relaxed-simd", "bulk-memory"] : ["simd128", "bulk-memory"];
}
