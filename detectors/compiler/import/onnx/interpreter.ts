import { ModelError } from "../../../errors.ts";
import { damagedOnnx } from "../errors.ts";
import { arithmetic } from "./arithmetic.ts";
import { showNode } from "./attributes.ts";
import type { Operation } from "./call.ts";
import { creation } from "./creation.ts";
import { dataMovement } from "./data-movement.ts";
import type { NdArray } from "./nd-array.ts";
import type { OnnxNode } from "./schema.ts";

const operations: ReadonlyMap<string, Operation> = new Map(
  Object.entries({ ...arithmetic, ...dataMovement, ...creation }),
);

/** Decoding the heads of a 1536×1536 input makes about 150 million elements. A file that needs far more is hostile. */
const MAX_WORK_ELEMENTS = 2 ** 28;

/** Whether the interpreter can compute nodes of this type. */
export function canInterpret(opType: string): boolean {
  return operations.has(opType);
}

/** Computes nodes one by one on plain arrays. */
export interface Interpreter {
  /** Whether it can compute nodes of this type. */
  knows(opType: string): boolean;
  /** @throws ModelError when the node breaks its operator's rules, or all nodes together need too much work. */
  run(node: OnnxNode, inputs: readonly (NdArray | undefined)[]): readonly NdArray[];
}

/** An interpreter for the nodes around the network: shape arithmetic and the decode of the heads, in f32. */
export function createInterpreter(): Interpreter {
  let work = 0;
  return {
    knows: canInterpret,
    run(node, inputs) {
      const operation = operations.get(node.opType ?? "");
      if (!operation) {
        throw new ModelError(
          `${showNode(node)} cannot be computed.`,
          "Export the model with YOLOv5's export.py, v6.0 to v7.0.",
        );
      }
      const outputs = operation({ node, inputs });
      work += outputs.reduce((sum, { data }) => sum + data.length, 0);
      if (work > MAX_WORK_ELEMENTS) throw damagedOnnx("decoding its output takes too much computation");
      return outputs;
    },
  };
}

/**
 * Runs nodes in order and adds their outputs to `values`. Values are removed after their last use, except for `keep`.
 * @throws ModelError when a value is missing or a node breaks its operator's rules.
 */
export function interpret(
  nodes: readonly OnnxNode[],
  values: Map<string, NdArray>,
  interpreter: Interpreter,
  keep: readonly string[] = [],
): void {
  const lastUsers = new Map(nodes.flatMap((node) => node.input.map((name) => [name, node] as const)));
  for (const name of keep) lastUsers.delete(name);
  for (const node of nodes) {
    const inputs = node.input.map((name) => {
      const value = values.get(name);
      if (name !== "" && !value)
        throw damagedOnnx(`${showNode(node)} uses "${name}", which no node produces`);
      return value;
    });
    const outputs = interpreter.run(node, inputs);
    // Decoding a large input makes dozens of arrays as large as the output.
    for (const name of node.input) if (lastUsers.get(name) === node) values.delete(name);
    outputs.forEach((output, index) => {
      const name = node.output[index];
      if (name) values.set(name, output);
    });
  }
}
