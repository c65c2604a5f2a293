import { plainText } from "../../plain-text.ts";
import { elements } from "../ops/operator.ts";
import { type Graph, isConvolution, type Node } from "./graph.ts";

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
    attributesOf(node),
    node.inputs.map(operand).join(", "),
  ]);
  const bytes = [...graph.constants.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  return [
    `input   ${plainText(graph.input)} ${shape(graph.input)}`,
    ...aligned(rows),
    `output  ${plainText(graph.output)} ${shape(graph.output)}`,
    `${graph.nodes.length} nodes, ${graph.constants.size} constants of ${bytes} bytes, ${multiplications(graph)} multiplications`,
    "",
  ].join("\n");
}

function attributesOf(node: Node): string {
  if (node.op === "yolov5_detect" || node.op === "yolov5_sparse_detect") {
    const { scales, classes } = node.attributes;
    return [
      ...scales.map(({ stride, anchors }) => `/${stride}:${anchors.length}`),
      `classes=${classes}`,
    ].join(" ");
  }
  return Object.entries(node.attributes)
    .map(([key, value]) => `${key}=${showAttribute(value)}`)
    .join(" ");
}

/** Padding as its four sides, an activation by its name, factors by their average. */
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
  return Object.values(value).join(",");
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

/** Multiplications in convolutions, to which inference time is proportional. */
function multiplications({ nodes, values, constants }: Graph): number {
  return nodes.filter(isConvolution).reduce((sum, { inputs, output }) => {
    const [height = 0, width = 0] = values.get(output)?.shape ?? [];
    return sum + height * width * elements(constants.get(inputs[1] ?? "")?.shape ?? [0]);
  }, 0);
}
