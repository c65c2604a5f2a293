import { ModelError } from "../../../errors.ts";
import type { GraphBuilder } from "../../graph/builder.ts";
import { constantOf, type DType, type NumberArray, type Shape, type ValueType } from "../../graph/value.ts";
import { roundHalfAway } from "../../ops/fixed-point/arithmetic.ts";
import {
  affineOf,
  isByte,
  type Quantized,
  type QuantizedResult,
  type QuantizedType,
  RANGE,
} from "../../ops/fixed-point/quantized.ts";
import type { Operator, OperatorAttributes } from "../../ops/index.ts";
import { sameShape } from "../../ops/shapes.ts";
import { damagedTflite } from "../errors.ts";
import { isPossibleShape } from "../possible-shape.ts";
import type { Table } from "./flatbuffer.ts";
import { dtypeOf, realsOf } from "./numbers.ts";
import type { TfliteOperator, TfliteTensor } from "./schema.ts";

/** Activations that operators apply to their results (schema.fbs, `ActivationFunctionType`). */
export type FusedActivation = "NONE" | "RELU" | "RELU_N1_TO_1" | "RELU6";

/** A value of the file during the import: known at compile time, or computed by the graph under this name. */
export type TfliteValue =
  | { readonly kind: "known"; readonly numbers: NumberArray }
  | { readonly kind: "computed"; readonly name: string };

/** One operator of the file with everything that its importer needs. Operators are appended to the graph. */
export interface TfliteCall {
  readonly operator: TfliteOperator;
  /** The options' table; reading it gives the schema's defaults where the file has none. */
  readonly options: Pick<Table, "int8" | "int32" | "float32" | "bool" | "int32s">;
  readonly inputCount: number;
  has(index: number): boolean;
  isKnown(index: number): boolean;
  /** An input or output as the file describes it. @throws ModelError when it is missing. */
  input(index: number): TfliteTensor;
  output(index?: number): TfliteTensor;
  /** How the graph stores an input. */
  dtype(index: number): DType;
  /** The graph's value at an input; a known one becomes a constant. */
  value(index: number): string;
  /** The numbers at an input. @throws ModelError when they are computed. */
  known(index: number): NumberArray;
  /** The real numbers at an input, as a constant of this shape where they are known. */
  real(index: number, shape?: Shape): string;
  /** An input as a feature map, [height, width, channels]; its batch is 1. */
  map(index: number): string;
  /** The feature map with the numbers of a value of four axes, where there is one. */
  mapOf(value: string): string | undefined;
  /** A feature map as [1, height, width, channels]. */
  batched(map: string): string;
  shapeOf(value: string): Shape;
  dtypeOf(value: string): DType;
  /** Appends an operator and returns its output. */
  add<K extends Operator>(op: K, inputs: readonly string[], attributes: OperatorAttributes[K]): string;
  /** Adds a constant and returns its name. */
  constant(shape: Shape, numbers: ArrayLike<number>, dtype?: DType): string;
  /** The scale of an input or output that has one for all its numbers. */
  quantized(tensor: TfliteTensor): Quantized;
  /** The type of the result, limited by an activation. */
  result(activation?: FusedActivation): QuantizedResult;
  refuse(why: string): ModelError;
}

/** How the operators of one name are imported. Returns the values of its outputs. */
export type TfliteImporter = (call: TfliteCall) => string | readonly string[];

/** The options of an operator that has none. */
const NO_OPTIONS: TfliteCall["options"] = {
  int8: (_, absent = 0) => absent,
  int32: (_, absent = 0) => absent,
  float32: (_, absent = 0) => absent,
  bool: () => false,
  int32s: () => undefined,
};

/** What all calls of an import share. */
export interface ImportState {
  readonly builder: GraphBuilder;
  readonly tensors: readonly TfliteTensor[];
  readonly values: Map<number, TfliteValue>;
  /** Feature maps by the value of four axes that holds the same numbers. */
  readonly maps: Map<string, string>;
  /** Counts the numbers of constants. @throws ModelError when operators share them so often that it must be an attack. */
  readonly spend: (numbers: number) => void;
}

/** A call of an operator. */
export function tfliteCall(operator: TfliteOperator, state: ImportState): TfliteCall {
  const { builder, tensors, values, maps } = state;
  const refuse = (why: string): ModelError =>
    new ModelError(
      `${operator.name} "${tensors[operator.outputs[0] ?? -1]?.name ?? "?"}" ${why}, which cannot be compiled.`,
      "Convert the model without it.",
    );
  const tensorAt = (index: number | undefined, what: string): TfliteTensor => {
    const tensor = tensors[index ?? -1];
    if (tensor === undefined) throw refuse(`lacks its ${what}`);
    return tensor;
  };
  const input = (index: number): TfliteTensor => tensorAt(operator.inputs[index], `input ${index}`);
  const output = (index = 0): TfliteTensor => tensorAt(operator.outputs[index], `output ${index}`);
  const at = (index: number): TfliteValue => {
    const tensor = operator.inputs[index];
    const found = tensor === undefined ? undefined : values.get(tensor);
    if (found !== undefined) return found;
    throw damagedTflite(`${operator.name} uses "${input(index).name}", which no earlier operator produces`);
  };
  const named = (type: ValueType, numbers: ArrayLike<number>): string => {
    state.spend(numbers.length);
    return builder.constant(builder.unusedName("constant"), constantOf(type, numbers));
  };
  const constant = (shape: Shape, numbers: ArrayLike<number>, dtype: DType = "f32"): string =>
    named({ dtype, shape }, numbers);
  const add: TfliteCall["add"] = (op, inputs, attributes) => {
    const value = builder.add(op, inputs, attributes);
    const { shape } = builder.typeOf(value);
    if (!isPossibleShape(shape)) throw refuse(`makes a tensor of [${shape.join(", ")}]`);
    return value;
  };
  const shapeOf = (value: string): Shape => builder.typeOf(value).shape;
  const quantized = ({ name, quantization }: TfliteTensor): Quantized => {
    const { scale: [scale, ...more] = [], zero: [zero = 0] = [] } = quantization ?? {};
    if (scale === undefined || more.length > 0) throw refuse(`needs one scale for the whole of "${name}"`);
    return { scale, zero };
  };
  const value = (index: number): string => {
    const found = at(index);
    if (found.kind === "computed") return found.name;
    const tensor = input(index);
    const { scale = [] } = tensor.quantization ?? {};
    const dtype = found.numbers instanceof Float32Array ? "f32" : (dtypeOf(tensor.type) ?? "f32");
    const affine = isByte(dtype) && scale.length === 1 ? affineOf(quantized(tensor)) : undefined;
    return named({ dtype, shape: tensor.shape, affine }, found.numbers);
  };
  return {
    operator,
    options: operator.options ?? NO_OPTIONS,
    inputCount: operator.inputs.length,
    has: (index) => operator.inputs[index] !== undefined,
    isKnown: (index) => at(index).kind === "known",
    input,
    output,
    dtype(index) {
      const found = at(index);
      if (found.kind === "computed") return builder.typeOf(found.name).dtype;
      return found.numbers instanceof Float32Array ? "f32" : (dtypeOf(input(index).type) ?? "f32");
    },
    value,
    known(index) {
      const found = at(index);
      if (found.kind === "known") return found.numbers;
      throw refuse(`computes its input "${input(index).name}" at run time`);
    },
    real(index, shape = input(index).shape) {
      const found = at(index);
      if (found.kind === "known") {
        const reals = found.numbers instanceof Float32Array ? found.numbers : realsOf(input(index));
        return constant(shape, reals);
      }
      return sameShape(shapeOf(found.name), shape) ? found.name : add("reshape", [found.name], { shape });
    },
    map(index) {
      const source = value(index);
      const [batch, ...shape] = shapeOf(source);
      if (batch !== 1 || shape.length !== 3) throw refuse(`needs [1, height, width, channels]`);
      const map = maps.get(source) ?? add("reshape", [source], { shape });
      maps.set(source, map);
      return map;
    },
    mapOf: (value) => maps.get(value),
    batched(map) {
      const source = add("reshape", [map], { shape: [1, ...shapeOf(map)] });
      maps.set(source, map);
      return source;
    },
    shapeOf,
    dtypeOf: (value) => builder.typeOf(value).dtype,
    add,
    constant,
    quantized,
    result(activation = "NONE") {
      const tensor = output();
      const dtype = dtypeOf(tensor.type);
      if (dtype === undefined || !isByte(dtype)) throw refuse(`makes ${tensor.type} of quantized integers`);
      const { scale, zero } = quantized(tensor);
      return { dtype, scale, zero, ...limitsOf(activation, dtype, { scale, zero }) };
    },
    refuse,
  };
}

/** The integers to which an activation limits a result (`CalculateActivationRangeQuantized`). */
function limitsOf(activation: FusedActivation, dtype: QuantizedType, { scale, zero }: Quantized) {
  const [lowest, highest] = RANGE[dtype];
  const inside = (real: number): number =>
    Math.max(lowest, Math.min(highest, zero + roundHalfAway(Math.fround(real / scale))));
  switch (activation) {
    case "NONE":
      return { least: lowest, most: highest };
    case "RELU":
      return { least: inside(0), most: highest };
    case "RELU6":
      return { least: inside(0), most: inside(6) };
    case "RELU_N1_TO_1":
      return { least: inside(-1), most: inside(1) };
  }
}

/** The activation that an operator's options name. */
export function fusedActivation(call: TfliteCall, field: number): FusedActivation {
  const number = call.options.int8(field);
  const activation = (["NONE", "RELU", "RELU_N1_TO_1", "RELU6"] as const)[number];
  if (activation === undefined) throw call.refuse(`has the activation ${number}`);
  return activation;
}

/** Applies an activation to floats. */
export function activated(call: TfliteCall, x: string, activation: FusedActivation): string {
  switch (activation) {
    case "NONE":
      return x;
    case "RELU":
      return call.add("relu", [x], {});
    case "RELU6":
      return call.add("relu6", [x], {});
    case "RELU_N1_TO_1":
      return call.add("clip", [x], { least: -1, most: 1 });
  }
}

/** An axis counted from the front. @throws ModelError when there is no such axis. */
export function frontAxis(call: TfliteCall, axis: number, rank: number): number {
  const front = axis < 0 ? axis + rank : axis;
  if (front >= 0 && front < rank) return front;
  throw call.refuse(`names axis ${axis} of a tensor with ${rank} axes`);
}

/** Whether the operator computes with the quantized integers of its first input. */
export function isQuantized(call: TfliteCall): boolean {
  return isByte(call.dtype(0)) && call.input(0).quantization !== undefined;
}

/** Positions of a window along one axis with padding SAME: before and after (`ComputePaddingWithOffset`). */
export function samePadding(size: number, stride: number, reach: number): readonly [number, number] {
  const positions = Math.ceil(size / stride);
  const total = Math.max(0, (positions - 1) * stride + reach - size);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}
