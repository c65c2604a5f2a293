import type { Thresholds } from "../../contract.ts";
import type { Tensor, ValueType } from "../graph/value.ts";
import type { Activation } from "./activation.ts";
import { ANY, type Interval } from "./interval.ts";
import type { Padding } from "./window.ts";

/**
 * All facts about an operator of the intermediate representation. The stages of the compiler ask the operator, and have no
 * lists of operators of their own. detectors/compiler/ops/TEMPLATE.md walks through adding one.
 */
export interface OperatorDefinition<Attributes> {
  /**
   * The type of the output.
   * @throws ShapeError when the inputs or attributes break the operator's rules.
   */
  readonly infer: (inputs: readonly ValueType[], attributes: Attributes) => ValueType;
  /** A slow and plain implementation with sums in f64, against which every kernel is tested. */
  readonly reference: (inputs: readonly Tensor[], attributes: Attributes, thresholds: Thresholds) => Tensor;
  /** Whether `reference` uses the thresholds, which come with each frame: such a node is never a constant. */
  readonly usesThresholds: boolean;
  /** Whether element i of the output depends only on elements i of the inputs: it may overwrite its first input. */
  readonly elementwise: boolean;
  /** The operator as an activation that a convolution can apply to its sums; undefined when it is none. */
  readonly activation: (attributes: Attributes) => Activation | undefined;
  /** Pixels of the first input per pixel of the output; 0 when the output's positions are not those of an image. */
  readonly stride: (attributes: Attributes) => number;
  /** Pixels of the model's input per cell, for each scale of a detection head; none for other operators. */
  readonly cellStrides: (attributes: Attributes) => readonly number[];
  /** The axis along which it joins its inputs, which may already be in place in its output. */
  readonly joinedAxis: (attributes: Attributes) => number | undefined;
  /**
   * The attributes for inputs and output whose axes are permuted: axis i is then the former axis order[i], and former axes that
   * `order` omits have size 1. undefined where the operator computes something else on permuted axes. Only operators that take
   * tensors of any rank are asked; for elementwise ones, all inputs have the rank of the output.
   */
  readonly permuted: (attributes: Attributes, order: readonly number[]) => Attributes | undefined;
  /** What its kernel reads around its first input. */
  readonly border: (attributes: Attributes) => Border | undefined;
  /** How its kernel writes its output, and reads its inputs. */
  readonly writes: MapWriting;
  /** How it takes part when feature maps become integers. */
  readonly integers: IntegerUse;
  /**
   * The range of its results for the ranges of its inputs, as if integers had no limit: without end where it proves nothing.
   */
  readonly range: (
    ranges: readonly Interval[],
    attributes: Attributes,
    inputs: readonly ValueType[],
  ) => Interval;
  /** Multiplications of its plain definition, to which its time is proportional; 0 where other work dominates. */
  readonly multiplications: (
    inputs: readonly ValueType[],
    output: ValueType,
    attributes: Attributes,
  ) => number;
  /** The attributes as text, for the printed graph. */
  readonly show: (attributes: Attributes) => string;
}

/** The attributes of an operator that has none. */
export type NoAttributes = Record<never, never>;

/** Pixels around a feature map. */
export interface Border {
  readonly padding: Padding;
  /** Their number per channel; undefined: zeros. */
  readonly zero: Float32Array | undefined;
}

/**
 * `vectors`: a feature map of whole vectors, so that it can write into a part of a concatenation. `contiguous`: a feature map
 * without gaps between pixels. `any`: its kernel reads and writes tensors of any rank and layout.
 */
export type MapWriting = "vectors" | "contiguous" | "any";

/**
 * `none`: its feature maps stay floats. `moves`: it only moves or compares numbers, so that all of its maps share one scale and
 * zero point. `reorders`: the same, but it also moves numbers between channels, so that one scale must hold for all of them.
 * `computes`: it computes with integers whose scales the model file gives. Otherwise it computes with integers and has a
 * quantizer. `inputs`: the indices of its inputs that may be integer maps. `makesMap`: its output may be one, too, and
 * calibration observes its range.
 */
export type IntegerUse =
  | "none"
  | "moves"
  | "reorders"
  | "computes"
  | { readonly inputs: (count: number) => readonly number[]; readonly makesMap: boolean };

/** Whether an operator computes a feature map that may be stored as integers. */
export function makesIntegerMap(integers: IntegerUse): boolean {
  return typeof integers === "object" && integers.makesMap;
}

/** The facts of an operator that computes a feature map of the same size in floats. */
export const FLOAT_MAP_FACTS = {
  usesThresholds: false,
  elementwise: false,
  activation: () => undefined,
  stride: () => 1,
  cellStrides: () => [],
  joinedAxis: () => undefined,
  permuted: () => undefined,
  border: () => undefined,
  writes: "vectors",
  integers: "none",
  range: () => ANY,
  multiplications: () => 0,
  show: showAttributes,
} as const satisfies Partial<OperatorDefinition<object>>;

/** The facts of an operator on tensors of any rank whose output has other positions than its inputs. */
export const TENSOR_FACTS = { ...FLOAT_MAP_FACTS, stride: () => 0, writes: "any" } as const;

/** The facts of an elementwise operator on tensors of any rank. */
export const ELEMENTWISE_FACTS = {
  ...FLOAT_MAP_FACTS,
  elementwise: true,
  permuted: <Attributes>(attributes: Attributes) => attributes,
  writes: "any",
} as const;

/** The index of an axis after a permutation. @returns undefined where `order` omits the axis */
export function permutedAxis(axis: number, order: readonly number[]): number | undefined {
  const index = order.indexOf(axis);
  return index < 0 ? undefined : index;
}

/** Numbers per axis after a permutation. */
export function permutedNumbers(numbers: readonly number[], order: readonly number[]): number[] {
  return order.map((axis) => numbers[axis] ?? 0);
}

/** The facts of a detection head whose cells have these strides. */
export function detectionHeadFacts<Attributes extends object>(
  cellStrides: (attributes: Attributes) => readonly number[],
) {
  return { ...FLOAT_MAP_FACTS, usesThresholds: true, stride: () => 0, cellStrides } as const;
}

/** Attributes as `name=value`: padding as its four sides, an activation by its name, factors by their average. */
export function showAttributes(attributes: object): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name}=${showAttribute(value)}`)
    .join(" ");
}

function showAttribute(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Float32Array)
    return `~${(value.reduce((a, b) => a + b, 0) / value.length).toPrecision(2)}`;
  if ("multiplier" in value) {
    return Object.entries(value)
      .filter(([, factors]) => factors !== undefined)
      .map(([name, factors]) => `${name}:${showAttribute(factors)}`)
      .join(",");
  }
  if ("hardSwish" in value) return `hard_swish(${value.hardSwish})`;
  if ("leakyRelu" in value) return `leaky_relu(${value.leakyRelu})`;
  return Object.values(value).join(",");
}
