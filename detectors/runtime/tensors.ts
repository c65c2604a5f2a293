import type { Tensor, TensorData } from "../contract.ts";
import { elementsOf, type TensorDType, type TensorSpec } from "../module-format.ts";
import { garbage, type Reply } from "./reply.ts";

const ARRAYS = {
  f32: Float32Array,
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  i32: Int32Array,
  bool: Uint8Array,
} as const satisfies Record<TensorDType, unknown>;

/** An array of `length` zeros for numbers of this type. */
export function tensorArray(dtype: TensorDType, length: number): TensorData {
  return new ARRAYS[dtype](length);
}

/** The bytes of an input. @throws RangeError unless it has the type and the length of its description. */
export function inputBytes(data: TensorData, spec: TensorSpec): Uint8Array {
  const { name, dtype, shape } = spec;
  const expected = elementsOf(spec);
  if (!(data instanceof ARRAYS[dtype]) || data.length !== expected) {
    const received = `${data.length} in a ${data.constructor.name}`;
    throw new RangeError(
      `input "${name}": expected ${dtype} [${shape.join(", ")}] (${expected} in a ${ARRAYS[dtype].name}), received ${received}`,
    );
  }
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (dtype === "bool") {
    const other = bytes.find((byte) => byte > 1);
    if (other !== undefined) throw new RangeError(`input "${name}": expected 0 or 1, received ${other}`);
  }
  return bytes;
}

/** The outputs of a reply. @throws DetectorFault `garbage` for a bool that is neither 0 nor 1. */
export function parseTensors({ count, outputs }: Reply, specs: readonly TensorSpec[]): Tensor[] {
  return specs.map(({ name, dtype, shape, rows }, index) => {
    // A copy, since a reply's outputs are not aligned.
    const bytes = Uint8Array.from(outputs[index] ?? []);
    if (dtype === "bool" && bytes.some((byte) => byte > 1)) {
      throw garbage(`expected 0 or 1 in the bool output ${index}`);
    }
    const data = new ARRAYS[dtype](bytes.buffer);
    return { name, dtype, shape: rows === undefined ? shape : [count, ...shape.slice(1)], data };
  });
}
