import type { Precision } from "./module-format.ts";

/** One way to compile a model. A set of variants lies side by side: `yolov5n.i8.wasm`, `yolov5n.f32.wasm`, … */
export interface Variant {
  /** As in file names and options. */
  readonly name: "i8" | "i16" | "f32-relaxed" | "f32";
  readonly precision: Precision;
  readonly target: "simd128" | "relaxed";
  /** WebAssembly features the engine must have. */
  readonly features: readonly string[];
}

/** All there are, fastest first: the order in which they are preferred. */
export const VARIANTS: readonly Variant[] = [
  { name: "i8", precision: "i8", target: "relaxed", features: ["simd128", "relaxed-simd"] },
  { name: "i16", precision: "i16", target: "simd128", features: ["simd128"] },
  { name: "f32-relaxed", precision: "f32", target: "relaxed", features: ["simd128", "relaxed-simd"] },
  { name: "f32", precision: "f32", target: "simd128", features: ["simd128"] },
];

/** The file of a variant in the set that is called `set` (`yolov5n.wasm` → `yolov5n.i8.wasm`). */
export function variantFile(set: string, { name }: Pick<Variant, "name">): string {
  return `${set.replace(/\.wasm$/, "")}.${name}.wasm`;
}
