/** The numbers of constants. */
import { ModelError } from "../../../errors.ts";
import { ARRAYS, type DType, type NumberArray } from "../../graph/value.ts";
import { halfToNumber } from "../../half.ts";
import { elements } from "../../ops/shapes.ts";
import { damagedTflite } from "../errors.ts";
import type { ElementType, TfliteTensor } from "./schema.ts";

/** How the graph stores elements of a file's type; undefined for types that cannot be compiled. */
export function dtypeOf(type: ElementType | undefined): DType | undefined {
  switch (type) {
    case "FLOAT32":
    case "FLOAT16":
      return "f32";
    case "INT8":
      return "i8";
    case "UINT8":
      return "u8";
    case "INT16":
      return "i16";
    case "INT32":
    case "INT64":
      return "i32";
    case "BOOL":
      return "bool";
    default:
      return undefined;
  }
}

/** Bytes of an element in the file, and how it is read. */
const READERS: Readonly<
  Partial<Record<ElementType, { readonly bytes: number; read(view: DataView, at: number): number }>>
> = {
  FLOAT32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  FLOAT16: { bytes: 2, read: (view, at) => halfToNumber(view.getUint16(at, true)) },
  INT8: { bytes: 1, read: (view, at) => view.getInt8(at) },
  UINT8: { bytes: 1, read: (view, at) => view.getUint8(at) },
  BOOL: { bytes: 1, read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1) },
  INT16: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  INT32: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  INT64: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
};

/**
 * The numbers of a constant as the graph stores them.
 * @throws ModelError when its type cannot be compiled, its size is wrong, or an integer does not fit into 32 bits.
 */
export function numbersOf(tensor: TfliteTensor): NumberArray {
  const { name, type, shape, data = new Uint8Array(), isSparse } = tensor;
  const count = elements(shape);
  const dtype = dtypeOf(type);
  const reader = type === undefined ? undefined : READERS[type];
  if (isSparse || dtype === undefined || reader === undefined) {
    throw new ModelError(
      `The constant "${name}" has elements of ${isSparse ? "a sparse tensor" : type}, which cannot be compiled.`,
      "Convert the model without them: from a dense model, with weights of 8 bits or floats.",
    );
  }
  const { bytes, read } = reader;
  if (data.length !== count * bytes) {
    throw damagedTflite(
      `the constant "${name}" of [${shape.join(", ")}] has ${data.length} bytes, expected ${count * bytes}`,
    );
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const numbers = new ARRAYS[dtype](count);
  for (let at = 0; at < count; at++) {
    const number = read(view, at * bytes);
    numbers[at] = number;
    if (type === "INT64" && numbers[at] !== number) {
      throw new ModelError(
        `The constant "${name}" has the integer ${number}, which does not fit into 32 bits.`,
        "Convert the model with integers of 32 bits.",
      );
    }
  }
  return numbers;
}

/** The real numbers of a constant: quantized integers times their scale, per tensor or along an axis. */
export function realsOf(tensor: TfliteTensor): Float32Array {
  const numbers = numbersOf(tensor);
  const { quantization, shape, type } = tensor;
  if (numbers instanceof Float32Array) return numbers;
  if (quantization === undefined || type === "INT32" || type === "INT64") return Float32Array.from(numbers);
  const { scale, zero, axis } = quantization;
  const run = elements(shape.slice(axis + 1));
  const size = shape[axis] ?? 1;
  return Float32Array.from(numbers, (number, at) => {
    const slice = scale.length === 1 ? 0 : Math.floor(at / run) % size;
    return (number - (zero[slice] ?? 0)) * (scale[slice] ?? 1);
  });
}
