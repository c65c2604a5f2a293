import { roundToHalf } from "../../half.ts";
import { damagedOnnx } from "../errors.ts";
import { showNode } from "../file-node.ts";
import { integers, type NdArray, zeros } from "../nd-array.ts";
import {
  floatAttribute,
  floatsAttribute,
  intAttribute,
  intsAttribute,
  tensorAttribute,
} from "./attributes.ts";
import { type Call, integerOperand, type Operation, operand } from "./call.ts";
import { arrayTypeOf } from "./read-tensor.ts";
import { dataTypeName } from "./tensors/element-type.ts";

/** Operators that create values: constants, shapes, ranges and type conversions. */
export const creation: Readonly<Record<string, Operation>> = {
  Constant: (call) => [constant(call)],
  ConstantOfShape: (call) => [constantOfShape(call)],
  Size: (call) => [integers(operand(call, 0).data.length)],
  Shape: (call) => [shapeOf(call, operand(call, 0).shape)],
  Range: (call) => [range(call)],
  Cast: (call) => [cast(call)],
};

/** ONNX Shape-15: the sizes of a value's axes, or of a range of its axes. */
export function shapeOf({ node }: Pick<Call, "node">, shape: readonly number[]): NdArray {
  const start = intAttribute(node, "start", 0);
  const end = intAttribute(node, "end", shape.length);
  return integers(shape.slice(start, end));
}

function constant({ node }: Call): NdArray {
  const tensor = tensorAttribute(node, "value");
  if (tensor) return tensor;
  const ints = intsAttribute(node, "value_ints");
  if (ints) return integers(ints);
  const floats = floatsAttribute(node, "value_floats");
  if (floats) return { type: "float", shape: [floats.length], data: Float32Array.from(floats) };
  const float = floatAttribute(node, "value_float", Number.NaN);
  if (!Number.isNaN(float)) return { type: "float", shape: [], data: Float32Array.of(float) };
  return integers(intAttribute(node, "value_int"));
}

function constantOfShape(call: Call): NdArray {
  const value = tensorAttribute(call.node, "value");
  const y = zeros(value?.type ?? "float", integerOperand(call, 0));
  y.data.fill(value?.data[0] ?? 0);
  return y;
}

function range(call: Call): NdArray {
  const start = operand(call, 0);
  const [first = 0, limit = 0, delta = 0] = [start, operand(call, 1), operand(call, 2)].map(
    ({ data }) => data[0],
  );
  const count = Math.max(0, Math.ceil((limit - first) / delta));
  const y = zeros(start.type, [count]);
  for (let i = 0; i < count; i++) y.data[i] = first + i * delta;
  return y;
}

/** TensorProto.DataType of binary16. */
const FLOAT16 = 10;

function cast(call: Call): NdArray {
  const x = operand(call, 0);
  const to = intAttribute(call.node, "to");
  const type = arrayTypeOf(to);
  if (!type) throw damagedOnnx(`${showNode(call.node)} casts to ${dataTypeName(to)}, which is not supported`);
  const y = zeros(type, x.shape);
  for (let i = 0; i < y.data.length; i++) {
    const value = x.data[i] ?? 0;
    const float = to === FLOAT16 ? roundToHalf(value) : value;
    y.data[i] = type === "float" ? float : type === "int" ? Math.trunc(value) : Number(value !== 0);
  }
  return y;
}
