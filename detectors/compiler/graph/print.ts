import { plainText } from "../../plain-text.ts";
import { factsOf, multiplicationsOf } from "./facts.ts";
import type { Graph } from "./graph.ts";

/**
 * A graph as text, one aligned line per node: output, operator, shape, attributes, inputs; `$` marks constants. Names come
 * from the model file; control characters are removed.
 */
export function print(graph: Graph): string {
  const shape = (name: string): string => graph.values.get(name)?.shape.join("×") ?? "?";
  const operand = (name: string): string =>
    graph.constants.has(name) ? `$${plainText(name)} ${shape(name)}` : plainText(name);

  const rows = graph.nodes.map((node) => [
    plainText(node.output),
    node.op,
    shape(node.output),
    factsOf(node).shown,
    node.inputs.map(operand).join(", "),
  ]);
  const bytes = [...graph.constants.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  const multiplications = graph.nodes.reduce((sum, node) => sum + multiplicationsOf(node, graph), 0);
  return [
    ...graph.inputs.map((input) => `input   ${plainText(input)} ${shape(input)}`),
    ...graph.states.map(
      ({ value, next }) => `state   ${plainText(value)} ${shape(value)}, then ${plainText(next)}`,
    ),
    ...aligned(rows),
    ...graph.outputs.map((output) => `output  ${plainText(output)} ${shape(output)}`),
    `${graph.nodes.length} nodes, ${graph.constants.size} constants of ${bytes} bytes, ${multiplications} multiplications`,
    "",
  ].join("\n");
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
