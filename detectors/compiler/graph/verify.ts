import { elements, ShapeError, sameShape, showType } from "../ops/shapes.ts";
import { inferOutput } from "./builder.ts";
import { factsOf } from "./facts.ts";
import type { Graph, Node } from "./graph.ts";
import { ARRAYS, sameAffine, type ValueType } from "./value.ts";

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
  yield* stateProblems(graph);

  const producers = new Map(graph.nodes.map((node) => [node.output, node]));
  const states = graph.states.map(({ value }) => value);
  const defined = new Set([...graph.inputs, ...states, ...graph.constants.keys()]);
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

  for (const output of graph.outputs) {
    if (!defined.has(output)) yield `no node computes the output "${output}"`;
  }
  for (const name of graph.values.keys()) {
    if (!defined.has(name)) yield `"${name}" has a type, but no node computes it`;
  }
}

function* inputProblems({ inputs, outputs, values, constants }: Graph): Generator<string> {
  for (const input of inputs) {
    if (!values.has(input)) yield `the input "${input}" has no type`;
    if (constants.has(input)) yield `the input "${input}" is also a constant`;
  }
  if (outputs.length === 0) yield "there is no output";
}

function* constantProblems({ values, constants }: Graph): Generator<string> {
  for (const [name, constant] of constants) {
    const { dtype, shape, data } = constant;
    const affine = constant.dtype === "f32" ? undefined : constant.affine;
    const type = values.get(name);
    if (data.length !== elements(shape)) {
      yield `constant "${name}" of [${shape.join(", ")}] has ${data.length} elements, expected ${elements(shape)}`;
    }
    if (!(data instanceof ARRAYS[dtype])) yield `constant "${name}" of ${dtype} has numbers of another type`;
    if (!type) yield `constant "${name}" has no type`;
    else if (!sameType(type, { dtype, shape, affine })) {
      yield `constant "${name}" is ${showType({ dtype, shape })}, but its type says ${showType(type)}`;
    }
  }
}

function* stateProblems({ inputs, states, nodes, values, constants }: Graph): Generator<string> {
  const others = new Set([...inputs, ...constants.keys()]);
  const computed = new Set(nodes.map(({ output }) => output));
  for (const { value, next, initial } of states) {
    if (others.has(value)) yield `the state "${value}" is also an input, a constant or another state`;
    others.add(value);
    const type = values.get(value);
    if (!type) yield `the state "${value}" has no type`;
    // A value that no node computes could be another state's, which is overwritten in turn.
    if (!computed.has(next)) yield `no node computes "${next}", the next value of the state "${value}"`;
    if (initial !== undefined && !constants.has(initial)) {
      yield `"${initial}", the initial value of the state "${value}", is no constant`;
    }
    for (const name of [next, initial ?? value]) {
      const other = values.get(name);
      if (type && other && !sameType(type, other)) {
        yield `the state "${value}" is ${showType(type)}, but "${name}" is ${showType(other)}`;
      }
    }
  }
}

function* typeProblems({ values }: Graph, node: Node): Generator<string> {
  const type = values.get(node.output);
  if (!type) yield `${show(node)} makes a value without a type`;
  const inputs = node.inputs.map((name) => values.get(name)).filter((input) => input !== undefined);
  if (inputs.length < node.inputs.length) return;
  yield* integerProblems(node, inputs);
  try {
    const made = inferOutput(node.op, inputs, node.attributes, node.output);
    if (type && !sameType(type, made)) {
      const also = sameAffine(made.affine, type.affine) ? "" : " with another scale or zero point";
      yield `${show(node)} makes ${showType(made)}, but its type says ${showType(type)}${also}`;
    }
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    yield error.message;
  }
}

/** An operator that does not know scale and zero point would take the integers of a quantized map for real numbers. */
function* integerProblems(node: Node, types: readonly ValueType[]): Generator<string> {
  const { integers } = factsOf(node);
  for (const [index, { affine }] of types.entries()) {
    const isRead = typeof integers === "object" && integers.inputs(types.length).includes(index);
    if (affine === undefined || integers === "moves" || integers === "computes" || isRead) continue;
    if (integers === "reorders" && affine.scale.length === 1) continue;
    yield `${show(node)} reads the quantized map "${node.inputs[index]}" as plain numbers`;
  }
}

function sameType(a: ValueType, b: ValueType): boolean {
  return a.dtype === b.dtype && sameShape(a.shape, b.shape) && sameAffine(a.affine, b.affine);
}

function show(node: Node): string {
  return `${node.op} "${node.output}"`;
}
