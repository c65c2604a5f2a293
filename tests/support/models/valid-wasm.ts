import binaryen from "binaryen";
import type { Target } from "../../../detectors/compiler/target.ts";

/** Whether binaryen, an independent validator, accepts the module with the features of the target and no others. */
export function binaryenAccepts(bytes: Uint8Array, target: Target = "simd128"): boolean {
  const { SIMD128, BulkMemory, BulkMemoryOpt, RelaxedSIMD } = binaryen.Features;
  const relaxed = target === "relaxed" ? RelaxedSIMD : 0;
  const module = binaryen.readBinary(bytes);
  module.setFeatures(SIMD128 | BulkMemory | BulkMemoryOpt | relaxed);
  try {
    return module.validate() === 1;
  } finally {
    module.dispose();
  }
}
