/**
 * The parts of a TensorFlow Lite file that the compiler reads. Field numbers are those of the schema, version 3
 * (tensorflow/compiler/mlir/lite/schema/schema.fbs).
 */
import { damagedTflite } from "../errors.ts";
import { FlatBufferError, rootTable, type Table } from "./flatbuffer.ts";
import { builtinName } from "./operator-names.ts";

/** Element types by their number in the file. */
export const ELEMENT_TYPES = [
  ...["FLOAT32", "FLOAT16", "INT32", "UINT8", "INT64", "STRING", "BOOL", "INT16", "COMPLEX64", "INT8"],
  ...["FLOAT64", "COMPLEX128", "UINT64", "RESOURCE", "VARIANT", "UINT32", "UINT16", "INT4", "BFLOAT16"],
] as const;
export type ElementType = (typeof ELEMENT_TYPES)[number];

/** real = (stored − zero) · scale, for the whole tensor (one element) or per slice along `axis`. */
export interface TfliteQuantization {
  readonly scale: readonly number[];
  readonly zero: readonly number[];
  readonly axis: number;
}

export interface TfliteTensor {
  readonly name: string;
  /** Sizes of 1 where the file leaves a size open. */
  readonly shape: readonly number[];
  /** undefined: a type that this schema does not have. */
  readonly type: ElementType | undefined;
  readonly quantization: TfliteQuantization | undefined;
  /** The numbers of a constant, little-endian; undefined for tensors that are computed. */
  readonly data: Uint8Array | undefined;
  /** Whether it keeps its numbers between inferences. */
  readonly isVariable: boolean;
  readonly isSparse: boolean;
}

export interface TfliteOperator {
  /** The built-in operator, for instance `CONV_2D`; of a custom one, its own name. */
  readonly name: string;
  readonly isCustom: boolean;
  /** Indices of tensors; undefined for one that is omitted. */
  readonly inputs: readonly (number | undefined)[];
  readonly outputs: readonly number[];
  readonly options: Table | undefined;
  /** The options of a custom operator. */
  readonly customOptions: Uint8Array | undefined;
}

/** A model: its first graph. Operators are in execution order. */
export interface TfliteModel {
  readonly tensors: readonly TfliteTensor[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly operators: readonly TfliteOperator[];
  /** Size of the file. */
  readonly bytes: number;
}

/** Whether a file is a TensorFlow Lite model: by its identifier, which follows the offset of the root table. */
export function isTflite(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(4, 8)) === "TFL3";
}

/** @throws ModelError when the file is damaged. */
export function readTflite(bytes: Uint8Array): TfliteModel {
  if (!isTflite(bytes)) throw damagedTflite('it lacks the identifier "TFL3"');
  return readChecked(() => readModel(bytes));
}

/** @throws ModelError where reading the file's tables finds that they are damaged. */
export function readChecked<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FlatBufferError)) throw error;
    throw damagedTflite(error.message, error);
  }
}

function readModel(bytes: Uint8Array): TfliteModel {
  const model = rootTable(bytes);
  const version = model.uint32(0);
  if (version !== 3) throw damagedTflite(`expected version 3 of the schema, received ${version}`);
  const codes = model.tables(1).map(readCode);
  const graph = model.tables(2)[0];
  if (graph === undefined) throw damagedTflite("it has no graph");
  const buffers = model.tables(4);
  const tensors = graph.tables(0).map((tensor) => readTensor(tensor, buffers, bytes));
  const index = (value: number): number => {
    if (tensors[value] === undefined)
      throw damagedTflite(`it refers to tensor ${value} of ${tensors.length}`);
    return value;
  };
  const operators = graph.tables(3).map((operator): TfliteOperator => {
    const code = codes[operator.uint32(0)];
    if (code === undefined) throw damagedTflite(`an operator has no code ${operator.uint32(0)}`);
    return {
      ...code,
      inputs: (operator.int32s(1) ?? []).map((value) => (value === -1 ? undefined : index(value))),
      outputs: (operator.int32s(2) ?? []).map(index),
      options: operator.table(4),
      customOptions: operator.bytes(5),
    };
  });
  return {
    tensors,
    inputs: (graph.int32s(1) ?? []).map(index),
    outputs: (graph.int32s(2) ?? []).map(index),
    operators,
    bytes: bytes.length,
  };
}

/** Number 32 stands for an operator with a name of its own. Files before 2020 hold the number in a byte. */
function readCode(code: Table): Pick<TfliteOperator, "name" | "isCustom"> {
  const number = Math.max(code.int8(0), code.int32(3));
  const isCustom = number === 32;
  return { name: isCustom ? code.text(1) : builtinName(number), isCustom };
}

function readTensor(tensor: Table, buffers: readonly Table[], bytes: Uint8Array): TfliteTensor {
  const name = tensor.text(3);
  const shape = (tensor.int32s(0) ?? []).map((size) => (size === -1 ? 1 : size));
  if (shape.some((size) => size < 0) || shape.length > MAX_RANK) {
    throw damagedTflite(`the tensor "${name}" has the shape [${shape.join(", ")}]`);
  }
  return {
    name,
    shape,
    type: ELEMENT_TYPES[tensor.int8(1)],
    quantization: readQuantization(tensor.table(4), name),
    data: readData(buffers[tensor.uint32(2)], bytes),
    isVariable: tensor.bool(5),
    isSparse: tensor.table(6) !== undefined,
  };
}

/** More axes have no use in a network, and would cost time in every check. */
const MAX_RANK = 8;

function readQuantization(table: Table | undefined, name: string): TfliteQuantization | undefined {
  const scale = table?.float32s(2) ?? [];
  if (table === undefined || scale.length === 0) return undefined;
  const stored = table.int64s(3) ?? [];
  const zero = scale.map((_, at) => stored[at] ?? 0);
  const axis = table.int32(6);
  if (scale.every((factor) => factor > 0 && Number.isFinite(factor))) return { scale, zero, axis };
  // A converter may write a scale of 0 for a tensor that is not quantized.
  if (scale.every((factor) => factor === 0)) return undefined;
  throw damagedTflite(`the tensor "${name}" has a scale that is not a positive number`);
}

/** A large buffer lies behind the table, at an offset from the start of the file. Buffer 0 and empty ones hold nothing. */
function readData(buffer: Table | undefined, bytes: Uint8Array): Uint8Array | undefined {
  const data = buffer?.bytes(0);
  if (data !== undefined && data.length > 0) return data;
  const [offset = 0, size = 0] = [buffer?.uint64(1), buffer?.uint64(2)];
  if (offset <= 1 || size === 0) return undefined;
  if (offset + size > bytes.length) throw damagedTflite("a buffer is outside of the file");
  return bytes.subarray(offset, offset + size);
}
