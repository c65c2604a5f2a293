import { describe, expect, test } from "vitest";
import { buildGraph } from "../../detectors/compiler/graph/builder.ts";
import { floats } from "../../detectors/compiler/graph/value.ts";
import { importBody } from "../../detectors/compiler/import/onnx/body.ts";
import type { BodyValue } from "../../detectors/compiler/import/onnx/body-value.ts";
import { createInterpreter, interpret } from "../../detectors/compiler/import/onnx/interpreter.ts";
import {
  elementsOf,
  gatherStrided,
  type NdArray,
  stridesOf,
} from "../../detectors/compiler/import/onnx/nd-array.ts";
import { refuseUnsupported } from "../../detectors/compiler/import/onnx/survey.ts";
import { evaluate } from "../../detectors/compiler/ops/evaluate.ts";
import { type BackendTest, findBackendTests } from "../support/models/onnx-backend.ts";

const tests = findBackendTests();

/** Why the importer refuses these nodes; undefined when it does not. */
function refusal({ graph }: BackendTest, part: "body" | "tail"): string | undefined {
  const initializers = new Set(graph.initializer.map(({ name }) => name ?? ""));
  try {
    refuseUnsupported({ body: [], heads: [], tail: [], [part]: graph.node }, initializers);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.split("\n").slice(1).join(" ").trim() : String(error);
  }
}

/** Whether all inputs are [batch, channels, height, width], like the values of the compiler's graphs. */
function takesFeatureMaps({ graph }: BackendTest): boolean {
  const known = new Set(graph.initializer.map(({ name }) => name));
  return graph.input.every(
    ({ name, type }) =>
      known.has(name) || (type?.tensorType?.elemType === 1 && type.tensorType.shape?.dim.length === 4),
  );
}

const asGraph = tests.filter((test) => takesFeatureMaps(test) && refusal(test, "body") === undefined);
const asArrays = tests.filter((test) => !asGraph.includes(test) && refusal(test, "tail") === undefined);
const refused = tests.filter((test) => !asGraph.includes(test) && !asArrays.includes(test));

/** [channels, height, width] ↔ [height, width, channels] of one image of a batch. */
function reorder(array: NdArray, order: readonly [number, number, number]): NdArray {
  const strides = stridesOf(array.shape);
  return gatherStrided(
    array,
    order.map((axis) => array.shape[axis] ?? 1),
    order.map((axis) => strides[axis] ?? 0),
  );
}

function imageOf({ shape, data }: NdArray, index: number): NdArray {
  const size = elementsOf(shape.slice(1));
  const part = Float32Array.from(data.subarray(index * size, (index + 1) * size));
  return { type: "float", shape: shape.slice(1), data: part };
}

function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let largest = 0;
  for (let i = 0; i < actual.length; i++) {
    // The interpreter computes in f32, where doubles beyond its range are infinite.
    const [a = Number.NaN, b = Number.NaN] = [actual[i], Math.fround(expected[i] ?? Number.NaN)];
    if (Object.is(a, b)) continue;
    largest = Math.max(largest, Math.abs(a - b) / Math.max(1, Math.abs(b)));
  }
  return largest;
}

/** Imports the nodes into a graph of the compiler, one image of the batch at a time, and runs its references. */
function runAsGraph({ graph, inputs }: BackendTest, image: number): Map<string, NdArray> {
  const builder = buildGraph();
  builder.image(1, 1);
  const known = new Set(graph.initializer.map(({ name }) => name));
  const values = new Map<string, BodyValue>();
  for (const [name, array] of inputs()) {
    if (known.has(name)) {
      values.set(name, { kind: "array", array });
      continue;
    }
    const { shape, data } = reorder(imageOf(array, image), [1, 2, 0]);
    builder.constant(name, floats(shape, Float32Array.from(data)));
    values.set(name, { kind: "map", name });
  }
  importBody({ builder, interpreter: createInterpreter(), values, onlyUser: () => undefined }, graph.node);

  return new Map(
    graph.output.map(({ name = "" }) => {
      const value = values.get(name);
      if (value?.kind !== "map") throw new Error(`${name} is not a feature map`);
      const result = evaluate(builder.finish(value.name), new Uint8Array(3)).get(value.name);
      const data = Float32Array.from(result?.data ?? []);
      return [name, reorder({ type: "float", shape: result?.shape ?? [], data }, [2, 0, 1])] as const;
    }),
  );
}

describe.skipIf(tests.length === 0)("ONNX's own backend tests", () => {
  test("are all counted", () => {
    expect({ graph: asGraph.length, arrays: asArrays.length, refused: refused.length }).toEqual({
      graph: 9,
      arrays: 30,
      refused: 101,
    });
  });

  test.each(asGraph)("$name gives the expected output as an imported graph", (backendTest) => {
    for (const [name, expected] of backendTest.outputs()) {
      for (let image = 0; image < (expected.shape[0] ?? 0); image++) {
        const wanted = imageOf(expected, image);
        const got = runAsGraph(backendTest, image).get(name);
        expect(got?.shape).toEqual(wanted.shape);
        expect(largestDifference(got?.data ?? [], wanted.data)).toBeLessThan(1e-5);
      }
    }
  });

  test.each(asArrays)("$name gives the expected output in the interpreter", ({ graph, inputs, outputs }) => {
    const values = inputs();
    const names = graph.output.map(({ name = "" }) => name);
    interpret(graph.node, values, createInterpreter(), names);
    for (const [name, expected] of outputs()) {
      const got = values.get(name);
      expect(got?.shape).toEqual(expected.shape);
      expect(largestDifference(got?.data ?? [], expected.data)).toBeLessThan(1e-5);
    }
  });

  test("are refused only for operators that our detectors do not use", () => {
    const reasons = refused.map(
      (test) => refusal(test, "body")?.replaceAll(/: \d+ nodes?(, "[^"]*")+/g, ",") ?? "another rank",
    );
    const counts = Object.fromEntries(
      Map.groupBy(reasons, (reason) => reason)
        .entries()
        .map(([reason, of]) => [reason, of.length]),
    );
    expect(counts).toMatchInlineSnapshot(`
      {
        "AveragePool,": 5,
        "Clip,": 1,
        "Conv with dilations 2,": 1,
        "Conv with dilations 2×2,": 1,
        "Conv with dilations 2×2×2,": 2,
        "Conv with groups (depthwise),": 8,
        "ConvTranspose,": 3,
        "Elu,": 1,
        "Gemm,": 3,
        "InstanceNormalization,": 1,
        "LeakyRelu,": 2,
        "LogSoftmax,": 3,
        "MatMul,": 1,
        "MaxPool with kernel 200,": 1,
        "MaxPool with kernel 2×2×2,": 3,
        "MaxPool with kernel 3,": 1,
        "MaxPool with kernel 4,": 2,
        "MaxPool with kernel 60×80,": 1,
        "Neg,   Softmax,": 1,
        "PRelu,": 6,
        "Pad,": 5,
        "ReduceMean,": 2,
        "ReduceSum,": 2,
        "Relu,": 2,
        "Selu,": 2,
        "SequenceConstruct,   ConcatFromSequence,": 2,
        "SequenceConstruct,   SequenceErase,   SequenceAt,": 1,
        "SequenceConstruct,   SequenceErase,   SequenceInsert,   SequenceAt,": 1,
        "SequenceEmpty,   SequenceInsert,   SequenceAt,": 1,
        "Shrink,": 1,
        "Sign,": 1,
        "Softmax,": 3,
        "Softplus,": 1,
        "SplitToSequence,   SequenceAt,": 1,
        "SplitToSequence,   SequenceLength,": 2,
        "StringNormalizer,": 6,
        "Sum,   Neg,": 1,
        "Tanh,": 1,
        "Tanh,   Neg,": 2,
        "Unsqueeze,   AveragePool,   Squeeze,": 2,
        "ai.onnx.preview.training.Gradient,": 2,
        "another rank": 13,
      }
    `);
  });
});
