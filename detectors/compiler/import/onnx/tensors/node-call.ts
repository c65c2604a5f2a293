import { ModelError } from "../../../../errors.ts";
import type { GraphBuilder } from "../../../graph/builder.ts";
import { constantOf, type DType, type Shape, type ValueType } from "../../../graph/value.ts";
import type { Operator, OperatorAttributes } from "../../../ops/index.ts";
import { fits, type Interval } from "../../../ops/interval.ts";
import { showNode } from "../../file-node.ts";
import type { NdArray } from "../../nd-array.ts";
import { isPossibleShape } from "../../possible-shape.ts";
import { intsAttribute } from "../attributes.ts";
import type { OnnxNode } from "../schema.ts";
import type { ElementType } from "./element-type.ts";

/** An ONNX value during the import. */
export type TensorValue = KnownValue | ComputedValue;

/** Numbers known at compile time. */
export interface KnownValue {
  readonly kind: "known";
  readonly array: NdArray;
  readonly type: ElementType;
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
  /** Whether an input has 64-bit integers, which the graph holds in 32 bits. */
  isLong(index: number): boolean;
  rangeOf(value: string): Interval;
  typeOf(value: string): ValueType;
  shapeOf(value: string): Shape;
  /**
   * Appends an operator and returns its output.
   * @throws ModelError for 64-bit integers that may not fit into 32 bits, and for a tensor that is too large.
   */
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
  /** Whether its results of i32 are 64-bit integers in ONNX; default: whether its first input is of such. */
  readonly isLong?: (call: NodeCall) => boolean;
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

/**
 * A call of a node.
 * @param inputs undefined for omitted ones
 * @param isLong whether its results of i32 are 64-bit integers in ONNX
 */
export function nodeCall(
  node: OnnxNode,
  opset: number,
  inputs: readonly (TensorValue | undefined)[],
  builder: GraphBuilder,
  isLong: (call: NodeCall) => boolean = () => false,
): NodeCall {
  const present = (index: number): TensorValue => {
    const value = inputs[index];
    if (value === undefined) throw refuse(node, `lacks its input ${index}`);
    return value;
  };
  const constant = (shape: Shape, numbers: ArrayLike<number>, dtype: DType = "f32"): string => {
    for (let index = 0; dtype === "i32" && index < numbers.length; index++) {
      const number = numbers[index] ?? 0;
      if (number !== (number | 0))
        throw refuse(node, `uses the integer ${number}, which does not fit into 32 bits`);
    }
    return builder.constant(builder.unusedName("constant"), constantOf({ dtype, shape }, numbers));
  };
  const call: NodeCall = {
    node,
    opset,
    inputCount: inputs.length,
    has: (index) => inputs[index] !== undefined,
    isKnown: (index) => inputs[index]?.kind === "known",
    isLong(index) {
      const value = inputs[index];
      return value?.kind === "known" ? value.type.isLong : value?.isLong === true;
    },
    rangeOf: (value) => builder.rangeOf(value),
    value(index) {
      const value = present(index);
      if (value.kind === "computed") return value.name;
      return constant(value.array.shape, value.array.data, value.type.dtype);
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
      const { dtype, shape } = builder.typeOf(value);
      if (!isPossibleShape(shape)) throw refuse(node, `makes a tensor of [${shape.join(", ")}]`);
      if (dtype === "i32" && isLong(call)) requireFit(node, builder.rangeOf(value));
      return value;
    },
    scalar: (number, like) => constant([], [number], builder.typeOf(like).dtype),
    constant,
  };
  return call;
}

/** @throws ModelError unless 64-bit integers of this range, as far as it is proven, fit into 32 bits */
function requireFit(node: OnnxNode, range: Interval): void {
  if (fits(range, "i32")) return;
  const { least, most } = range;
  const isBounded = Number.isFinite(least) && Number.isFinite(most);
  const shown = isBounded ? `from ${least} to ${most}` : "of any size";
  throw new ModelError(
    `${showNode(node)} computes "${node.output[0]}" of 64-bit integers ${shown}, which may not fit into the 32 bits of a module.`,
    "Limit the numbers in front of it in the model, for example with Clip, or convert them to int32 before the export.",
  );
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
