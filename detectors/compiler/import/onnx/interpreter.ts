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

/** A head's decode of a 1536×1536 picture makes some 150 million elements: more is a file that wants to keep us busy. */
const MAX_WORK_ELEMENTS = 2 ** 28;

/** Whether the interpreter can compute nodes of this type. */
export function canInterpret(opType: string): boolean {
  return operations.has(opType);
}

/** Computes nodes one by one on plain arrays. */
export interface Interpreter {
  /** @throws ModelError when the node breaks its operator's rules, or all of them together ask for absurdly much. */
  run(node: OnnxNode, inputs: readonly (NdArray | undefined)[]): readonly NdArray[];
}

/** An interpreter for what surrounds the network proper: shape arithmetic and the head's decode, in f32. */
export function createInterpreter(): Interpreter {
  let work = 0;
  return {
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
      if (work > MAX_WORK_ELEMENTS) throw damagedOnnx("decoding its output takes absurdly much computation");
      return outputs;
    },
  };
}

/**
 * Runs nodes in order and adds what they make to `values`, which in the end holds what no node has used and `keep`.
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
      if (name !== "" && !value) throw damagedOnnx(`${showNode(node)} uses "${name}", which nothing makes`);
      return value;
    });
    const outputs = interpreter.run(node, inputs);
    // A large picture's decode is dozens of arrays as large as its output.
    for (const name of node.input) if (lastUsers.get(name) === node) values.delete(name);
    outputs.forEach((output, index) => {
      const name = node.output[index];
      if (name) values.set(name, output);
    });
  }
}
