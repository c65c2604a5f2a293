import { halfToNumber } from "../../half.ts";
import { damagedOnnx } from "../errors.ts";
import type { OnnxTensor } from "./schema.ts";

/** An ONNX tensor of any rank, row-major. Integers and booleans (0, 1) are kept in f64, exact up to 2⁵³. */
export type NdArray =
  | { readonly type: "float"; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly type: "int" | "bool"; readonly shape: readonly number[]; readonly data: Float64Array };

/** More elements than any detector's head has (YOLOv5x6 at 1536×1536: 13 million). Larger arrays are not allocated. */
const MAX_ELEMENTS = 2 ** 26;

/**
 * The number of elements of a shape.
 * @throws ModelError when a size is invalid or the tensor would be too large.
 */
export function elementsOf(shape: readonly number[]): number {
  const count = shape.reduce((product, size) => product * size, 1);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0) || count > MAX_ELEMENTS) {
    throw damagedOnnx(`a tensor of [${shape.join(", ")}] is larger than any detector needs`);
  }
  return count;
}

/** An array of this type filled with zeros. @throws ModelError when it would be too large. */
export function zeros(type: NdArray["type"], shape: readonly number[]): NdArray {
  const count = elementsOf(shape);
  return type === "float"
    ? { type, shape, data: new Float32Array(count) }
    : { type, shape, data: new Float64Array(count) };
}

/** Integers as an array: a vector, or a scalar for a plain number. */
export function integers(values: readonly number[] | number): NdArray {
  return typeof values === "number"
    ? { type: "int", shape: [], data: Float64Array.of(values) }
    : { type: "int", shape: [values.length], data: Float64Array.from(values) };
}

/** The same elements in another shape with the same number of elements. */
export function reshaped(array: NdArray, shape: readonly number[]): NdArray {
  return array.type === "float"
    ? { type: array.type, shape, data: array.data }
    : { type: array.type, shape, data: array.data };
}

/** Distance in elements between neighbours along each axis of a row-major array. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1);
  }
  return strides;
}

/**
 * Copies elements in the row-major order of `shape`, stepping through `source` by `strides` from `offset`. This covers
 * transposing, slicing, expanding and flipping.
 */
export function gatherStrided(
  source: NdArray,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): NdArray {
  const result = zeros(source.type, shape);
  const indices = stridedIndices(shape, strides, offset);
  const [to, from] = [result.data, source.data];
  for (let i = 0; i < to.length; i++) to[i] = from[indices[i] ?? 0] ?? 0;
  return result;
}

/** For each element of `shape` in row-major order, its index in the source. */
export function stridedIndices(shape: readonly number[], strides: readonly number[], offset = 0): Int32Array {
  const indices = new Int32Array(elementsOf(shape));
  const inner = shape.at(-1) ?? 1;
  const innerStride = strides.at(-1) ?? 0;
  const counter = new Int32Array(shape.length);
  let from = offset;
  for (let i = 0; i < indices.length; i += inner) {
    for (let j = 0; j < inner; j++) indices[i + j] = from + j * innerStride;
    // Advance like an odometer, except for the last axis, which the loop above covers.
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      const count = (counter[axis] ?? 0) + 1;
      from += strides[axis] ?? 0;
      if (count < (shape[axis] ?? 1)) {
        counter[axis] = count;
        break;
      }
      counter[axis] = 0;
      from -= count * (strides[axis] ?? 0);
    }
  }
  return indices;
}

/** TensorProto.DataType → the array's type, bytes per element in raw data, and how to read one. */
const DATA_TYPES: Readonly<
  Record<number, { type: NdArray["type"]; bytes: number; read: (view: DataView, at: number) => number }>
> = {
  1: { type: "float", bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  2: { type: "int", bytes: 1, read: (view, at) => view.getUint8(at) },
  3: { type: "int", bytes: 1, read: (view, at) => view.getInt8(at) },
  5: { type: "int", bytes: 2, read: (view, at) => view.getInt16(at, true) },
  6: { type: "int", bytes: 4, read: (view, at) => view.getInt32(at, true) },
  7: { type: "int", bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  9: { type: "bool", bytes: 1, read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1) },
  10: { type: "float", bytes: 2, read: (view, at) => halfToNumber(view.getUint16(at, true)) },
  11: { type: "float", bytes: 8, read: (view, at) => view.getFloat64(at, true) },
};

/** The array type of a TensorProto.DataType; undefined when it is not supported. */
export function arrayTypeOf(dataType: number | undefined): NdArray["type"] | undefined {
  return DATA_TYPES[dataType ?? 0]?.type;
}

/**
 * Reads a TensorProto (float, float16, double, int8/32/64, uint8, bool; raw or typed data).
 * @throws ModelError for other types, external data, and data that does not fill the shape.
 */
export function readTensor(tensor: OnnxTensor): NdArray {
  const name = `tensor "${tensor.name ?? ""}"`;
  const dataType = DATA_TYPES[tensor.dataType ?? 0];
  if (!dataType) throw damagedOnnx(`${name} has data type ${tensor.dataType}, which is not supported`);
  if (tensor.dataLocation === 1) {
    throw damagedOnnx(`${name} stores its numbers in another file; export with all data in one file`);
  }
  const count = elementsOf(tensor.dims);
  const values = tensor.rawData ? undefined : typedData(tensor);
  const received = tensor.rawData ? tensor.rawData.length / dataType.bytes : values?.length;
  if (received !== count) {
    throw damagedOnnx(`${name} of [${tensor.dims.join(", ")}] has ${received} elements, expected ${count}`);
  }
  const array = zeros(dataType.type, tensor.dims);
  if (tensor.rawData) {
    const { buffer, byteOffset, byteLength } = tensor.rawData;
    const view = new DataView(buffer, byteOffset, byteLength);
    for (let i = 0; i < count; i++) array.data[i] = dataType.read(view, i * dataType.bytes);
  } else {
    array.data.set(values ?? []);
  }
  return array;
}

/** The field with the elements of a tensor without raw data depends on their type (onnx.proto, TensorProto). */
function typedData(tensor: OnnxTensor): readonly number[] {
  switch (tensor.dataType) {
    case 1:
      return tensor.floatData;
    case 7:
      return tensor.int64Data;
    case 10:
      return tensor.int32Data.map(halfToNumber);
    case 11:
      return tensor.doubleData;
    default:
      return tensor.int32Data;
  }
}
