/**
 * The compiler's intermediate representation: a list of operators in execution order over named values of any rank. Every
 * node has one output. Graphs are immutable: a pass returns a new one.
 *
 * Feature maps, the values of a detector's network, are NHWC with batch 1, so a shape is [height, width, channels].
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
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** What one inference leaves to the next. */
  readonly states: readonly State[];
  /** In execution order. */
  readonly nodes: readonly Node[];
  /** Type of every value, constants included. */
  readonly values: ReadonlyMap<string, ValueType>;
  readonly constants: ReadonlyMap<string, Constant>;
}

/** A value that lasts: nodes read it like an input, and after each inference another value takes its place. */
export interface State {
  readonly value: string;
  /** Computed by a node, of the same type. */
  readonly next: string;
  /** The constant that it is before the first inference; undefined: zeros. */
  readonly initial: string | undefined;
}

/** The values that are needed after the last node. */
export function resultsOf({ outputs, states }: Graph): readonly string[] {
  return [...outputs, ...states.map(({ next }) => next)];
}

/** The input of a network that takes one image, u8 [height, width, 3]. @throws Error when the graph has other inputs. */
export function imageInput({ inputs, values }: Graph): { readonly name: string; readonly size: ImageSize } {
  const [name = "", ...more] = inputs;
  const { dtype, shape } = values.get(name) ?? {};
  const [height = 0, width = 0, channels] = shape ?? [];
  if (more.length > 0 || dtype !== "u8" || shape?.length !== 3 || channels !== 3) {
    throw new Error(`expected one input u8 [height, width, 3], received ${inputs.join(", ")}`);
  }
  return { name, size: { width, height } };
}

/** Size of an image in pixels. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** The result of an importer. */
export type ImportedModel = ImportedDetector | ImportedTensors;

/** A detector with the compiler's own head: one image in, f32 [300, 6] out. */
export interface ImportedDetector {
  readonly task: "detect";
  readonly name: string;
  readonly labels: readonly string[];
  readonly graph: Graph;
}

/** A model with its own inputs and outputs, in the order of its file. */
export interface ImportedTensors {
  readonly task: "tensor";
  readonly name: string;
  readonly inputs: readonly NamedTensor[];
  readonly outputs: readonly NamedTensor[];
  readonly graph: Graph;
}

/** An input or output of a model. */
export interface NamedTensor extends ValueType {
  /** Its name in the file. */
  readonly name: string;
  /** Its value in the graph. */
  readonly value: string;
}
