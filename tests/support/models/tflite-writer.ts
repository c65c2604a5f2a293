/** Writes small TensorFlow Lite files for tests. */
import { Builder } from "flatbuffers";
import { ELEMENT_TYPES, type ElementType } from "../../../detectors/compiler/import/tflite/schema.ts";

export interface TensorDraft {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly scale?: readonly number[];
  readonly zero?: readonly number[];
  readonly axis?: number;
  /** The numbers of a constant. */
  readonly data?: ArrayBufferView;
}

/** A field of a table of options: its number in the schema, its type and its value. */
export type OptionDraft = readonly [field: number, kind: "int8" | "int32" | "float32", value: number];

export interface OperatorDraft {
  readonly name: keyof typeof OPERATORS;
  /** Indices of tensors, −1 for one that is omitted. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options?: readonly OptionDraft[];
  readonly custom?: { readonly code: string; readonly options: Uint8Array };
}

export interface ModelDraft {
  readonly tensors: readonly TensorDraft[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** The same object twice becomes one table that is listed twice. */
  readonly operators: readonly OperatorDraft[];
}

/** Numbers of the operators and of the types of their options (schema.fbs: BuiltinOperator, BuiltinOptions). */
const OPERATORS = {
  ADD: [0, 11],
  AVERAGE_POOL_2D: [1, 5],
  CONCATENATION: [2, 10],
  CONV_2D: [3, 1],
  DEPTHWISE_CONV_2D: [4, 2],
  DEQUANTIZE: [6, 38],
  FULLY_CONNECTED: [9, 8],
  LOGISTIC: [14, 0],
  MAX_POOL_2D: [17, 5],
  MUL: [18, 21],
  RELU: [19, 0],
  RELU_N1_TO_1: [20, 0],
  RELU6: [21, 0],
  RESHAPE: [22, 17],
  RESIZE_BILINEAR: [23, 15],
  SOFTMAX: [25, 9],
  TANH: [28, 0],
  CUSTOM: [32, 0],
  PAD: [34, 22],
  TRANSPOSE: [39, 26],
  MEAN: [40, 27],
  SUB: [41, 28],
  STRIDED_SLICE: [45, 32],
  PADV2: [60, 43],
  RESIZE_NEAREST_NEIGHBOR: [97, 74],
  LEAKY_RELU: [98, 75],
  WHERE: [109, 0],
  QUANTIZE: [114, 89],
  HARD_SWISH: [117, 91],
} as const satisfies Record<string, readonly [operator: number, options: number]>;

/** The file of a model. */
export function writeTflite({ tensors, inputs, outputs, operators }: ModelDraft): Uint8Array {
  const builder = new Builder(1024);
  const offsets = (values: readonly number[]): number => {
    builder.startVector(4, values.length, 4);
    for (const value of values.toReversed()) builder.addOffset(value);
    return builder.endVector();
  };
  const int32s = (values: readonly number[]): number => {
    builder.startVector(4, values.length, 4);
    for (const value of values.toReversed()) builder.addInt32(value);
    return builder.endVector();
  };
  const bytes = (data: ArrayBufferView): number => {
    const list = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    builder.startVector(1, list.length, 16);
    for (const byte of list.toReversed()) builder.addInt8(byte);
    return builder.endVector();
  };
  const table = (fields: number, add: () => void): number => {
    builder.startObject(fields);
    add();
    return builder.endObject();
  };
  const quantization = ({ scale = [], zero = [], axis = 0 }: TensorDraft): number => {
    builder.startVector(4, scale.length, 4);
    for (const value of scale.toReversed()) builder.addFloat32(value);
    const scales = builder.endVector();
    builder.startVector(8, zero.length, 8);
    for (const value of zero.toReversed()) builder.addInt64(BigInt(value));
    const zeros = builder.endVector();
    return table(7, () => {
      builder.addFieldOffset(2, scales, 0);
      builder.addFieldOffset(3, zeros, 0);
      builder.addFieldInt32(6, axis, 0);
    });
  };

  const buffers = [undefined, ...tensors.map(({ data }) => data)].map((data) => {
    const content = data === undefined ? 0 : bytes(data);
    return table(1, () => builder.addFieldOffset(0, content, 0));
  });
  const tensorTables = tensors.map((tensor, index) => {
    const shape = int32s(tensor.shape);
    const name = builder.createString(`tensor ${index}`);
    const quantized = tensor.scale === undefined ? 0 : quantization(tensor);
    return table(6, () => {
      builder.addFieldOffset(0, shape, 0);
      builder.addFieldInt8(1, ELEMENT_TYPES.indexOf(tensor.type), 0);
      builder.addFieldInt32(2, tensor.data === undefined ? 0 : index + 1, 0);
      builder.addFieldOffset(3, name, 0);
      builder.addFieldOffset(4, quantized, 0);
    });
  });
  const codes = operators.map(({ name, custom }) => {
    const [number] = OPERATORS[name];
    const code = custom === undefined ? 0 : builder.createString(custom.code);
    return table(4, () => {
      builder.addFieldInt8(0, number, 0);
      builder.addFieldOffset(1, code, 0);
      builder.addFieldInt32(2, 1, 0);
      builder.addFieldInt32(3, number, 0);
    });
  });
  const written = new Map<OperatorDraft, number>();
  const operatorTables = operators.map((operator, index) => {
    const shared = written.get(operator);
    if (shared !== undefined) return shared;
    const [, optionsType] = OPERATORS[operator.name];
    const from = int32s(operator.inputs);
    const to = int32s(operator.outputs);
    const custom = operator.custom === undefined ? 0 : bytes(operator.custom.options);
    const options =
      optionsType === 0
        ? 0
        : table(8, () => {
            for (const [field, kind, value] of operator.options ?? []) {
              if (kind === "int8") builder.addFieldInt8(field, value, 0);
              else if (kind === "int32") builder.addFieldInt32(field, value, 0);
              else builder.addFieldFloat32(field, value, 0);
            }
          });
    const made = table(6, () => {
      builder.addFieldInt32(0, index, 0);
      builder.addFieldOffset(1, from, 0);
      builder.addFieldOffset(2, to, 0);
      builder.addFieldInt8(3, options === 0 ? 0 : optionsType, 0);
      builder.addFieldOffset(4, options, 0);
      builder.addFieldOffset(5, custom, 0);
    });
    written.set(operator, made);
    return made;
  });
  const parts = [offsets(tensorTables), int32s(inputs), int32s(outputs), offsets(operatorTables)];
  const graph = table(5, () => {
    for (const [field, part] of parts.entries()) builder.addFieldOffset(field, part, 0);
  });
  const [codeVector, graphVector, bufferVector] = [offsets(codes), offsets([graph]), offsets(buffers)];
  const model = table(5, () => {
    builder.addFieldInt32(0, 3, 0);
    builder.addFieldOffset(1, codeVector, 0);
    builder.addFieldOffset(2, graphVector, 0);
    builder.addFieldOffset(4, bufferVector, 0);
  });
  builder.finish(model, "TFL3");
  return builder.asUint8Array().slice();
}
