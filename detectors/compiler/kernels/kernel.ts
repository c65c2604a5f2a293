/** What a kernel is: a function that emits the WebAssembly code of one node for its exact shapes and addresses. */
import type { ConstantArea } from "../constant-area.ts";
import type { Constant, DType, Node, Operator, ValueType } from "../graph/graph.ts";
import { ELEMENT_BYTES } from "../memory/layout.ts";
import type { Target } from "../target.ts";
import type { FunctionReference, Global } from "../wasm/assembler.ts";
import type { ModuleBuilder } from "../wasm/module.ts";

/** A value in memory: its shape, the address of pixel (0, 0) and the distances in bytes. */
export interface FeatureMap {
  readonly dtype: DType;
  readonly address: number;
  readonly pixelBytes: number;
  readonly rowBytes: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** What a kernel may use of the module it is emitted into. */
export interface KernelContext {
  readonly module: ModuleBuilder;
  readonly target: Target;
  /** Where a computed value lies. Throws for constants. */
  map(value: string): FeatureMap;
  /** A constant's numbers. Throws for computed values. */
  constant(value: string): Constant;
  isConstant(value: string): boolean;
  type(value: string): ValueType;
  /** Puts numbers into the module. */
  readonly store: ConstantArea["store"];
  /** The same for numbers that only what `prepare` has called reads. */
  readonly storeForPreparation: ConstantArea["storeForPreparation"];
  /** Sets memory aside that is zeros at first and keeps what is written. */
  readonly reserve: ConstantArea["reserve"];
  /** Has a function without parameters called once, before the first inference. */
  prepare(step: FunctionReference): void;
  /** Address of the working memory that the kernel asked for. */
  scratch(value: string): number;
  /** This inference's parameters and its result, as globals. */
  readonly scoreThreshold: Global;
  readonly iouThreshold: Global;
  readonly detectionCount: Global;
}

/** Emits one node. The function it returns takes and gives nothing: it reads and writes memory. */
export type EmitKernel<K extends Operator> = (node: Node<K>, context: KernelContext) => FunctionReference;

/** The input at `index`, which the operator's shape rule has made sure of. */
export function inputAt(node: Node, index: number): string {
  const value = node.inputs[index];
  if (value === undefined) throw new Error(`${node.op} ${node.output}: input ${index} is missing`);
  return value;
}

/** Vectors of 16 bytes that hold a pixel's channels. */
export function vectorsOf({ channels, dtype }: FeatureMap): number {
  return Math.ceil((channels * ELEMENT_BYTES[dtype]) / 16);
}
