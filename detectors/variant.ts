import type { Precision } from "./module-format.ts";

/** One of several builds of a model. A set of variants lies in one folder: `yolov5n.i8.wasm`, `yolov5n.f32.wasm`, … */
export interface Variant {
  /** The name used in file names and options. */
  readonly name: "i8" | "i16" | "f32-relaxed" | "f32";
  readonly precision: Precision;
  readonly target: "simd128" | "relaxed";
  /** WebAssembly features that the engine must support. */
  readonly features: readonly string[];
}

/** All variants in order of preference, fastest first. */
export const VARIANTS: readonly Variant[] = [
  { name: "i8", precision: "i8", target: "relaxed", features: ["simd128", "relaxed-simd"] },
  { name: "i16", precision: "i16", target: "simd128", features: ["simd128"] },
  { name: "f32-relaxed", precision: "f32", target: "relaxed", features: ["simd128", "relaxed-simd"] },
  { name: "f32", precision: "f32", target: "simd128", features: ["simd128"] },
];

/** The file of a variant in a set (`yolov5n.wasm` → `yolov5n.i8.wasm`). */
export function variantFile(set: string, { name }: Pick<Variant, "name">): string {
  return `${set.replace(/\.wasm$/, "")}.${name}.wasm`;
}
