/**
 * The compiler's intermediate representation: a list of operators in execution order over named values.
 *
 * Feature maps are NHWC with batch 1, so a shape is [height, width, channels]. Every node has one output. Graphs are
 * immutable: a pass returns a new one.
 */
import type { Operator, OperatorAttributes } from "../ops/index.ts";
import type { Constant, ValueType } from "./value.ts";

/** One operator application. `op` decides the type of `attributes`. */
export type Node<K extends Operator = Operator> = {
  readonly [P in K]: {
    readonly op: P;
    readonly inputs: readonly string[];
    readonly output: string;
    readonly attributes: OperatorAttributes[P];
  };
}[K];

export interface Graph {
  /** The input image: u8 [height, width, 3]. */
  readonly input: string;
  /** The output of the detection head. */
  readonly output: string;
  /** In execution order. */
  readonly nodes: readonly Node[];
  /** Type of every value, constants included. */
  readonly values: ReadonlyMap<string, ValueType>;
  readonly constants: ReadonlyMap<string, Constant>;
}

/** The result of an importer. */
export interface ImportedModel {
  readonly name: string;
  readonly labels: readonly string[];
  readonly graph: Graph;
}
