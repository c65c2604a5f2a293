import { elements, ShapeError, sameShape, showType } from "../ops/shapes.ts";
import { inferOutput } from "./builder.ts";
import type { Graph, Node } from "./graph.ts";
import type { ValueType } from "./value.ts";

/**
 * Checks everything that the passes, the memory plan and the kernels assume about a graph.
 * @throws Error that lists every broken rule.
 */
export function verify(graph: Graph): void {
  const problems = [...problemsOf(graph)];
  if (problems.length === 0) return;
  throw new Error(
    `the graph breaks ${problems.length} rule(s):\n${problems.map((p) => `  - ${p}`).join("\n")}`,
  );
}

function* problemsOf(graph: Graph): Generator<string> {
  yield* inputProblems(graph);
  yield* constantProblems(graph);

  const producers = new Map(graph.nodes.map((node) => [node.output, node]));
  const defined = new Set([graph.input, ...graph.constants.keys()]);
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      if (defined.has(input)) continue;
      yield producers.has(input)
        ? `${show(node)} uses "${input}" before it is computed`
        : `${show(node)} uses "${input}", which no node computes`;
    }
    if (defined.has(node.output)) yield `${show(node)} makes a value that exists already`;
    defined.add(node.output);
    yield* typeProblems(graph, node);
  }

  if (!defined.has(graph.output)) yield `no node computes the output "${graph.output}"`;
  for (const name of graph.values.keys()) {
    if (!defined.has(name)) yield `"${name}" has a type, but no node computes it`;
  }
}

function* inputProblems({ input, values, constants }: Graph): Generator<string> {
  const type = values.get(input);
  if (!type) {
    yield `the input "${input}" has no type`;
  } else if (type.dtype !== "u8" || type.shape.length !== 3 || type.shape[2] !== 3) {
    yield `the input "${input}" is ${showType(type)}, expected u8 [height, width, 3]`;
  }
  if (constants.has(input)) yield `the input "${input}" is also a constant`;
}

function* constantProblems({ values, constants }: Graph): Generator<string> {
  for (const [name, { shape, data }] of constants) {
    const type = values.get(name);
    if (data.length !== elements(shape)) {
      yield `constant "${name}" of [${shape.join(", ")}] has ${data.length} elements, expected ${elements(shape)}`;
    }
    if (!type) yield `constant "${name}" has no type`;
    else if (!sameType(type, { dtype: "f32", shape })) {
      yield `constant "${name}" is [${shape.join(", ")}], but its type says ${showType(type)}`;
    }
  }
}

function* typeProblems({ values }: Graph, node: Node): Generator<string> {
  const type = values.get(node.output);
  if (!type) yield `${show(node)} makes a value without a type`;
  const inputs = node.inputs.map((name) => values.get(name)).filter((input) => input !== undefined);
  if (inputs.length < node.inputs.length) return;
  try {
    const made = inferOutput(node.op, inputs, node.attributes, node.output);
    if (type && !sameType(type, made)) {
      yield `${show(node)} makes ${showType(made)}, but its type says ${showType(type)}`;
    }
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    yield error.message;
  }
}

function sameType(a: ValueType, b: ValueType): boolean {
  return a.dtype === b.dtype && sameShape(a.shape, b.shape);
}

function show(node: Node): string {
  return `${node.op} "${node.output}"`;
}
