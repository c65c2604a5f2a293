/** Computes nodes at compile time, on plain arrays: constants, shapes, and the tails of detectors. */
import { ModelError } from "../../errors.ts";
import { damagedModel } from "./errors.ts";
import { type FileNode, showNode } from "./file-node.ts";
import type { NdArray } from "./nd-array.ts";

/** A node and its inputs. Omitted inputs are undefined. */
export interface Call<N extends FileNode> {
  readonly node: N;
  readonly inputs: readonly (NdArray | undefined)[];
}

/** Computes a node's outputs. @throws ModelError when the node breaks the operator's rules. */
export type Operation<N extends FileNode> = (call: Call<N>) => readonly NdArray[];

export interface Evaluator<N extends FileNode> {
  /** Whether it can compute nodes of this type. */
  readonly knows: (opType: string) => boolean;
  /** @throws ModelError when the node breaks its operator's rules, or all nodes together need too much work. */
  readonly run: (node: N, inputs: readonly (NdArray | undefined)[]) => readonly NdArray[];
}

/** Decoding the heads of a 1536×1536 input makes about 150 million elements. A file that needs far more is hostile. */
const MAX_WORK_ELEMENTS = 2 ** 28;
/** The elements of all constants that a model computes during the import, and that stay in memory. */
export const MAX_CONSTANT_ELEMENTS = 2 ** 26;

/**
 * An evaluator with a format's own operators.
 * @param maxElements of all results together
 */
export function createEvaluator<N extends FileNode>(
  operations: ReadonlyMap<string, Operation<N>>,
  maxElements = MAX_WORK_ELEMENTS,
): Evaluator<N> {
  let work = 0;
  return {
    knows: (opType) => operations.has(opType),
    run(node, inputs) {
      const operation = operations.get(node.opType ?? "");
      if (!operation) {
        throw new ModelError(
          `${showNode(node)} cannot be computed at compile time.`,
          "Export the model with fixed sizes.",
        );
      }
      const outputs = operation({ node, inputs });
      work += outputs.reduce((sum, { data }) => sum + data.length, 0);
      if (work > maxElements) throw damagedModel(`${showNode(node)} takes too much computation`);
      return outputs;
    },
  };
}

/**
 * Runs nodes in order and adds their outputs to `values`. Values are removed after their last use, except for `keep`.
 * @throws ModelError when a value is missing or a node breaks its operator's rules.
 */
export function evaluateNodes<N extends FileNode>(
  nodes: readonly N[],
  values: Map<string, NdArray>,
  evaluator: Evaluator<N>,
  keep: readonly string[] = [],
): void {
  const lastUsers = new Map(nodes.flatMap((node) => node.input.map((name) => [name, node] as const)));
  for (const name of keep) lastUsers.delete(name);
  for (const node of nodes) {
    const inputs = node.input.map((name) => {
      const value = values.get(name);
      if (name !== "" && !value)
        throw damagedModel(`${showNode(node)} uses "${name}", which no node produces`);
      return value;
    });
    const outputs = evaluator.run(node, inputs);
    // Decoding a large input makes dozens of arrays as large as the output.
    for (const name of node.input) if (lastUsers.get(name) === node) values.delete(name);
    outputs.forEach((output, index) => {
      const name = node.output[index];
      if (name) values.set(name, output);
    });
  }
}
