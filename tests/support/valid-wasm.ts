import binaryen from "binaryen";

/** Whether binaryen, a validator that nobody here wrote, accepts the module with the features we promise and no others. */
export function binaryenAccepts(bytes: Uint8Array): boolean {
  const { SIMD128, BulkMemory, BulkMemoryOpt } = binaryen.Features;
  const module = binaryen.readBinary(bytes);
  module.setFeatures(SIMD128 | BulkMemory | BulkMemoryOpt);
  try {
    return module.validate() === 1;
  } finally {
    module.dispose();
  }
}
