/** Compiles one backend test, runs it and compares its outputs. */
import type { Graph } from "../../detectors/compiler/graph/graph.ts";
import { evaluateNodes } from "../../detectors/compiler/import/evaluator.ts";
import type { NdArray } from "../../detectors/compiler/import/nd-array.ts";
import { onnxEvaluator } from "../../detectors/compiler/import/onnx/evaluator.ts";
import { readTensor } from "../../detectors/compiler/import/onnx/read-tensor.ts";
import type { OnnxGraph, OnnxNode } from "../../detectors/compiler/import/onnx/schema.ts";
import { dataTypeName } from "../../detectors/compiler/import/onnx/tensors/element-type.ts";
import { knownInputs } from "../../detectors/compiler/import/onnx/tensors/import-nodes.ts";
import { ModelError } from "../../detectors/errors.ts";
import { type CompiledTensors, compileOnnx } from "./compile-onnx.ts";
import type { DataSet, OnnxTest } from "./onnx-tests.ts";
import { runLibrary } from "./run-library.ts";

/** `evaluator_only`: nothing is left to compute at run time, or only the evaluator of constants can compute it. */
export type Verdict = "right" | "wrong" | "refused" | "evaluator_only";

export interface Judgement {
  readonly test: string;
  /** The operators of the model. */
  readonly operator: string;
  /** The type of its first input, or of its output when it has none. */
  readonly dtype: string;
  readonly verdict: Verdict;
  /** Why it was refused, or how it is wrong. */
  readonly reason?: string;
}

/** The tolerances of ONNX's own backend test runner. */
const RELATIVE = 1e-3;
const ABSOLUTE = 1e-7;

/** Judges one test by all of its data sets. */
export function judgeTest(test: OnnxTest): Judgement {
  const { graph } = test.model;
  const types = [...(graph?.input ?? []), ...(graph?.output ?? [])].map(
    ({ type }) => type?.tensorType?.elemType,
  );
  const about = {
    test: test.name,
    operator: [...new Set(graph?.node.map(({ opType = "?" }) => opType))].join("+"),
    dtype: dataTypeName(types[0]),
  };
  let verdict: Verdict = "right";
  for (const data of test.dataSets) {
    const { verdict: seen, reason } = judgeData(test, data);
    if (reason !== undefined) return { ...about, verdict: seen, reason };
    verdict = seen;
  }
  return { ...about, verdict };
}

type DataVerdict = Pick<Judgement, "verdict" | "reason">;

function judgeData(test: OnnxTest, data: DataSet): DataVerdict {
  let compiled: CompiledTensors;
  let inputs: ReadonlyMap<string, NdArray>;
  let expected: readonly NdArray[];
  try {
    inputs = namedInputs(test, data);
    expected = data.outputs();
    compiled = compileOnnx(test.bytes, {
      shapes: new Map([...inputs].map(([name, { shape }]) => [name, shape])),
      known: shapeInputs(test, inputs),
    });
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return evaluates(test, data)
      ? { verdict: "evaluator_only" }
      : { verdict: "refused", reason: oneLine(error) };
  }
  if (!computesAtRunTime(compiled.graph)) return { verdict: "evaluator_only" };
  const received = runLibrary(
    compiled,
    new Map([...inputs].map(([name, { data: numbers }]) => [name, numbers])),
  );
  for (const [index, { name, shape }] of compiled.outputs.entries()) {
    const wanted = expected[index];
    if (wanted === undefined) return { verdict: "wrong", reason: `there is no expected output ${index}` };
    if (shape.join() !== wanted.shape.join()) {
      return {
        verdict: "wrong",
        reason: `"${name}" is [${shape.join(", ")}], expected [${wanted.shape.join(", ")}]`,
      };
    }
    const difference = firstDifference(received[index] ?? [], wanted.data);
    if (difference !== undefined) return { verdict: "wrong", reason: `"${name}" ${difference}` };
  }
  return { verdict: "right" };
}

/** Whether an output depends on an input. */
function computesAtRunTime({ inputs, outputs, nodes }: Graph): boolean {
  const dependent = new Set(inputs);
  for (const node of nodes) {
    if (node.inputs.some((input) => dependent.has(input))) dependent.add(node.output);
  }
  return outputs.some((output) => dependent.has(output));
}

function namedInputs({ model: { graph } }: OnnxTest, data: DataSet): ReadonlyMap<string, NdArray> {
  const initializers = new Set(graph?.initializer.map(({ name }) => name));
  const names = (graph?.input ?? []).map(({ name = "" }) => name).filter((name) => !initializers.has(name));
  return new Map(data.inputs().map((array, index) => [names[index] ?? "", array]));
}

/** The inputs that only decide shapes: all nodes that read them need them at compile time. */
function shapeInputs(
  { model: { graph } }: OnnxTest,
  inputs: ReadonlyMap<string, NdArray>,
): Map<string, NdArray> {
  const nodes = allNodes(graph);
  return new Map(
    [...inputs].filter(([name]) => {
      const uses = nodes.flatMap((node) =>
        node.input.flatMap((input, index) => (input === name ? [knownInputs(node).includes(index)] : [])),
      );
      return uses.length > 0 && uses.every((isKnown) => isKnown);
    }),
  );
}

/** The nodes of a graph and of the branches of its Ifs. */
function allNodes(graph: OnnxGraph | undefined): readonly OnnxNode[] {
  return (graph?.node ?? []).flatMap((node) => [node, ...node.attribute.flatMap(({ g }) => allNodes(g))]);
}

/** Whether the evaluator of constants computes the expected outputs. */
function evaluates(test: OnnxTest, data: DataSet): boolean {
  const { graph } = test.model;
  if (!graph) return false;
  try {
    const values = new Map([
      ...graph.initializer.map((tensor) => [tensor.name ?? "", readTensor(tensor)] as const),
      ...namedInputs(test, data),
    ]);
    const names = graph.output.map(({ name = "" }) => name);
    evaluateNodes(graph.node, values, onnxEvaluator(), names);
    return data.outputs().every(({ shape, data: wanted }, index) => {
      const seen = values.get(names[index] ?? "");
      return seen?.shape.join() === shape.join() && firstDifference(seen.data, wanted) === undefined;
    });
  } catch (error) {
    if (error instanceof ModelError) return false;
    throw error;
  }
}

function firstDifference(received: ArrayLike<number>, expected: ArrayLike<number>): string | undefined {
  for (let index = 0; index < expected.length; index++) {
    const [seen = Number.NaN, wanted = Number.NaN] = [received[index], expected[index]];
    if (Object.is(seen, wanted) || seen === wanted || (Number.isNaN(seen) && Number.isNaN(wanted))) continue;
    if (Math.abs(seen - wanted) <= ABSOLUTE + RELATIVE * Math.abs(wanted)) continue;
    return `has ${seen} at ${index}, expected ${wanted}`;
  }
  return undefined;
}

function oneLine(error: ModelError): string {
  return error.message.replaceAll(/\s+/g, " ");
}
