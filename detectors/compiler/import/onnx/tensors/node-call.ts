import { ModelError } from "../../../../errors.ts";
import type { GraphBuilder } from "../../../graph/builder.ts";
import { constantOf, type DType, type Shape, type ValueType } from "../../../graph/value.ts";
import type { Operator, OperatorAttributes } from "../../../ops/index.ts";
import { showNode } from "../../file-node.ts";
import type { NdArray } from "../../nd-array.ts";
import { isPossibleShape } from "../../possible-shape.ts";
import { intsAttribute } from "../attributes.ts";
import type { OnnxNode } from "../schema.ts";

/** An ONNX value during the import. */
export type TensorValue = KnownValue | ComputedValue;

/** Numbers known at compile time. */
export interface KnownValue {
  readonly kind: "known";
  readonly array: NdArray;
  /** undefined: integers that take the type of the value that they are combined with. */
  readonly dtype: DType | undefined;
}

/** A value of the graph. */
export interface ComputedValue {
  readonly kind: "computed";
  readonly name: string;
  /** Whether it is of 64-bit integers, which the graph holds in 32 bits. */
  readonly isLong: boolean;
}

/** One node of the file with everything that its importer needs. Operators are appended to the graph. */
export interface NodeCall {
  readonly node: OnnxNode;
  /** The file's version of ONNX's operators. */
  readonly opset: number;
  readonly inputCount: number;
  /** Whether an input is given. */
  has(index: number): boolean;
  /** The graph's value at an input; a known one becomes a constant. @throws ModelError when the input is missing. */
  value(index: number): string;
  /** The numbers at an input. @throws ModelError when they are not known at compile time. */
  known(index: number): NdArray;
  /** Whether the numbers at an input are known at compile time. */
  isKnown(index: number): boolean;
  typeOf(value: string): ValueType;
  shapeOf(value: string): Shape;
  /** Appends an operator and returns its output. */
  add<K extends Operator>(op: K, inputs: readonly string[], attributes: OperatorAttributes[K]): string;
  /** Adds a constant of one number, of the same type as a value, and returns its name. */
  scalar(number: number, like: string): string;
  /** Adds a constant and returns its name. */
  constant(shape: Shape, numbers: ArrayLike<number>, dtype?: DType): string;
}

/** How the nodes of one type are imported. */
export interface NodeImporter {
  /** Inputs whose numbers decide the shape of the output, and which must be known at compile time. */
  readonly known?: readonly number[];
  /** Whether its results of integers may be larger than its inputs, so that 64-bit integers may not fit into 32 bits. */
  readonly grows?: boolean;
  /** Appends the node to the graph. Returns the values of its outputs. */
  readonly add: (call: NodeCall) => string | readonly string[];
}

/** A node that cannot be compiled as it is written. */
export function refuse(node: OnnxNode, why: string): ModelError {
  return new ModelError(
    `${showNode(node)} ${why}, which cannot be compiled.`,
    "Export the model without it, for example with fixed sizes and through a simplifier.",
  );
}

/** Elements of a table that the compiler computes for an axis. */
const MAX_TABLE = 2 ** 20;
/** Sizes, axes or steps in a list. */
const MAX_LIST = 4096;

/** The length of a table that the compiler is about to make. @throws ModelError before it takes much memory. */
export function tableLength({ node }: NodeCall, length: number): number {
  if (Number.isSafeInteger(length) && length >= 0 && length <= MAX_TABLE) return length;
  throw refuse(node, `makes an axis of ${length} elements`);
}

/** A call of a node. @param inputs undefined for omitted ones */
export function nodeCall(
  node: OnnxNode,
  opset: number,
  inputs: readonly (TensorValue | undefined)[],
  builder: GraphBuilder,
): NodeCall {
  const present = (index: number): TensorValue => {
    const value = inputs[index];
    if (value === undefined) throw refuse(node, `lacks its input ${index}`);
    return value;
  };
  const other = inputs.find((value) => value?.kind === "computed");
  const otherType = other?.kind === "computed" ? builder.typeOf(other.name).dtype : "i32";
  const integerType = otherType === "f32" || otherType === "bool" ? "i32" : otherType;
  const constant = (shape: Shape, numbers: ArrayLike<number>, dtype: DType = "f32"): string => {
    for (let index = 0; dtype === "i32" && index < numbers.length; index++) {
      const number = numbers[index] ?? 0;
      if (number !== (number | 0)) throw refuse(node, "uses an integer that does not fit into 32 bits");
    }
    return builder.constant(builder.unusedName("constant"), constantOf({ dtype, shape }, numbers));
  };
  return {
    node,
    opset,
    inputCount: inputs.length,
    has: (index) => inputs[index] !== undefined,
    isKnown: (index) => inputs[index]?.kind === "known",
    value(index) {
      const value = present(index);
      if (value.kind === "computed") return value.name;
      const { array, dtype } = value;
      const isFloat = array.type === "float";
      return constant(array.shape, array.data, dtype ?? (isFloat ? "f32" : integerType));
    },
    known(index) {
      const value = present(index);
      if (value.kind === "known") return value.array;
      throw refuse(
        node,
        `computes its input "${node.input[index]}" at run time, on which the shape of its result depends`,
      );
    },
    typeOf: (value) => builder.typeOf(value),
    shapeOf: (value) => builder.typeOf(value).shape,
    add(op, values, attributes) {
      const value = builder.add(op, values, attributes);
      const { shape } = builder.typeOf(value);
      if (!isPossibleShape(shape)) throw refuse(node, `makes a tensor of [${shape.join(", ")}]`);
      return value;
    },
    scalar: (number, like) => constant([], [number], builder.typeOf(like).dtype),
    constant,
  };
}

/** The integers at an input, or of an attribute in older files. */
export function integersOf(call: NodeCall, index: number, attribute: string): readonly number[] | undefined {
  if (call.has(index)) return listAt(call, index);
  return intsAttribute(call.node, attribute);
}

/** The known numbers at an input that lists sizes, axes, steps or factors. @throws ModelError when it is no short list. */
export function listAt(call: NodeCall, index: number): readonly number[] {
  const { data } = call.known(index);
  if (data.length <= MAX_LIST) return [...data];
  throw refuse(call.node, `has a list of ${data.length} numbers at its input ${index}`);
}

/** An axis counted from the front. @throws ModelError when there is no such axis. */
export function frontAxis({ node }: NodeCall, axis: number, rank: number): number {
  const front = axis < 0 ? axis + rank : axis;
  if (!(front >= 0 && front < rank)) throw refuse(node, `names axis ${axis} of a value with ${rank} axes`);
  return front;
}
