import { ModelError } from "../../../errors.ts";
import { halfToNumber } from "../../half.ts";
import { damagedOnnx } from "../errors.ts";
import { elementsOf, type NdArray, zeros } from "../nd-array.ts";
import type { OnnxTensor } from "./schema.ts";
import { dataTypeName } from "./tensors/element-type.ts";

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
  if (!dataType) {
    throw new ModelError(
      `The ONNX model's ${name} has elements of ${dataTypeName(tensor.dataType)}, which the compiler does not read.`,
      "Export the model with floats (f32, f16) in its place.",
    );
  }
  if (tensor.dataLocation === 1) {
    throw new ModelError(
      `The ONNX model's ${name} stores its numbers in another file (external data).`,
      'Save the model as one file, in Python: onnx.save(onnx.load("model.onnx"), "whole.onnx")',
    );
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
