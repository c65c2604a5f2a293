/** The interface of kernels: functions that emit the WebAssembly code of one node for its exact shapes and addresses. */
import type { ConstantArea } from "../constant-area.ts";
import type { Node } from "../graph/graph.ts";
import {
  type Constant,
  ELEMENT_BYTES,
  type FloatConstant,
  type StoredInteger,
  type ValueType,
} from "../graph/value.ts";
import type { Placement } from "../memory/plan.ts";
import type { Operator } from "../ops/index.ts";
import type { Target } from "../target.ts";
import type { FunctionReference, Global } from "../wasm/assembler.ts";
import type { ModuleBuilder } from "../wasm/module.ts";

/** Types of numbers in feature maps. */
export type MapType = "f32" | "u8" | StoredInteger;

/** A feature map in memory: its shape, the address of pixel (0, 0), and the distances between pixels and rows. */
export interface FeatureMap {
  readonly dtype: MapType;
  readonly address: number;
  readonly pixelBytes: number;
  readonly rowBytes: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** The parts of a module that a kernel in it can use. */
export interface KernelContext {
  readonly module: ModuleBuilder;
  readonly target: Target;
  /** The memory of a computed value. Throws for constants. */
  map(value: string): FeatureMap;
  /** Where a computed value lies. Throws for constants. */
  placement(value: string): Placement;
  /** A constant's numbers. Throws for computed values. */
  constant(value: string): Constant;
  /** A constant's floats. Throws for other values. */
  floats(value: string): FloatConstant;
  isConstant(value: string): boolean;
  readonly type: TypeOfValue;
  /** Stores numbers in the module and returns their address. */
  readonly store: ConstantArea["store"];
  /** The same for numbers that only functions given to `prepare` read. */
  readonly storeForPreparation: ConstantArea["storeForPreparation"];
  /** Reserves zeroed memory that keeps its contents between inferences. */
  readonly reserve: ConstantArea["reserve"];
  /** Registers a function without parameters that runs once, before the first inference. */
  prepare(step: FunctionReference): void;
  /** Address of the kernel's working memory. */
  scratch(value: string): number;
  /** Parameters and result of the current inference, as globals. */
  readonly scoreThreshold: Global;
  readonly iouThreshold: Global;
  readonly detectionCount: Global;
}

/** Emits one node. The emitted function has no parameters and no results: it reads and writes memory. */
export type EmitKernel<K extends Operator> = (node: Node<K>, context: KernelContext) => FunctionReference;

/** The type of a value by its name. */
export type TypeOfValue = (value: string) => ValueType;

/** An operator's kernel. */
export interface Kernel<K extends Operator> {
  readonly emit: EmitKernel<K>;
  /** Bytes of working memory, at `context.scratch`. */
  scratchBytes(node: Node<K>, type: TypeOfValue): number;
  /** Which algorithm computes the node, from which type of numbers. */
  describe(node: Node<K>, type: TypeOfValue): string;
}

/** A kernel with one algorithm and, unless given, without working memory. */
export function kernel<K extends Operator>(
  emit: EmitKernel<K>,
  scratchBytes: Kernel<K>["scratchBytes"] = () => 0,
): Kernel<K> {
  return { emit, scratchBytes, describe: (node, type) => type(inputAt(node, 0)).dtype };
}

/** The input at `index`. */
export function inputAt({ op, inputs, output }: Omit<Node, "attributes">, index: number): string {
  const value = inputs[index];
  if (value === undefined) throw new Error(`${op} ${output}: input ${index} is missing`);
  return value;
}

/** Vectors of 16 bytes that hold a pixel's channels. */
export function vectorsOf({ channels, dtype }: FeatureMap): number {
  return Math.ceil((channels * ELEMENT_BYTES[dtype]) / 16);
}
