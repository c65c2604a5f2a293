/** Values that last from one inference to the next. */
import { describe, expect, test } from "vitest";
import { buildGraph, type GraphBuilder } from "../../../../detectors/compiler/graph/builder.ts";
import { addRingBuffer } from "../../../../detectors/compiler/graph/ring-buffer.ts";
import { constantOf, floats, type Tensor } from "../../../../detectors/compiler/graph/value.ts";
import { verify } from "../../../../detectors/compiler/graph/verify.ts";
import type { TensorState } from "../../../../detectors/compiler/import/importer.ts";
import { evaluateTensors } from "../../../../detectors/compiler/ops/evaluate.ts";
import { ModelError } from "../../../../detectors/errors.ts";
import { compileOnnx, compileTensors } from "../../../../scripts/conformance/compile-onnx.ts";
import { openLibrary } from "../../../../scripts/conformance/run-library.ts";
import { floatTensor } from "../../../support/models/onnx-writer.ts";
import { node, onnx, type Written } from "../../../support/models/tensor-onnx.ts";

function open(written: Written, states: readonly TensorState[]) {
  const model = compileOnnx(onnx(written), { states });
  const library = openLibrary(model);
  const step = (inputs: Readonly<Record<string, readonly number[]>>): number[][] =>
    library.infer(new Map(Object.entries(inputs))).map((numbers) => [...numbers]);
  return { model, step, reset: () => library.reset() };
}

/** The running sum of x, which it also returns before the addition. */
const sum: Written = {
  inputs: { x: ["f32", 2], total: ["f32", 2] },
  nodes: [
    node("Add", ["total", "x"], ["next"]),
    node("Identity", ["total"], ["before"]),
    node("Neg", ["next"], ["y"]),
  ],
  outputs: ["y", "next", "before"],
};
const SUM_STATE = { output: "next", input: "total" };

describe("an output that continues as an input", () => {
  test("lasts until the module is reset, and is no input or output", () => {
    const { model, step, reset } = open(sum, [SUM_STATE]);
    expect(model.inputs.map(({ name }) => name)).toEqual(["x"]);
    expect(model.outputs.map(({ name }) => name)).toEqual(["y", "before"]);
    expect(step({ x: [1, 10] })).toEqual([
      [-1, -10],
      [0, 0],
    ]);
    expect(step({ x: [2, 20] })).toEqual([
      [-3, -30],
      [1, 10],
    ]);
    reset();
    expect(step({ x: [5, 5] })).toEqual([
      [-5, -5],
      [0, 0],
    ]);
  });

  test("starts as the input's initializer, also after a reset", () => {
    const initializers = [floatTensor("total", [2], Float32Array.of(100, 200))];
    const { step, reset } = open({ ...sum, initializers }, [SUM_STATE]);
    reset();
    expect(step({ x: [1, 1] })[0]).toEqual([-101, -201]);
    expect(step({ x: [1, 1] })[0]).toEqual([-102, -202]);
    reset();
    expect(step({ x: [1, 1] })[0]).toEqual([-101, -201]);
  });

  test("may be another state's input, an integer or a bool", () => {
    const delay: Written = {
      inputs: { x: ["i8", 2], a: ["i8", 2], b: ["i8", 2], on: ["bool"] },
      nodes: [
        node("Add", ["b", "x"], ["y"]),
        node("Not", ["on"], ["off"]),
        node("Where", ["on", "y", "x"], ["z"]),
      ],
      outputs: ["x", "a", "off", "y", "z"],
    };
    const { step } = open(delay, [
      { output: "a", input: "b" },
      { output: "x", input: "a" },
      { output: "off", input: "on" },
    ]);
    expect(step({ x: [1, 2] })).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(step({ x: [3, 4] })).toEqual([
      [3, 4],
      [3, 4],
    ]);
    expect(step({ x: [5, 6] })[0]).toEqual([6, 8]);
    expect(step({ x: [7, 8] })[0]).toEqual([10, 12]);
  });

  test("may be a constant, which takes its place after the first inference", () => {
    const initializers = [floatTensor("k", [2], Float32Array.of(7, 8))];
    const model: Written = {
      inputs: { x: ["f32", 2], held: ["f32", 2] },
      initializers,
      nodes: [node("Add", ["x", "held"], ["y"])],
      outputs: ["y", "k"],
    };
    const { step } = open(model, [{ output: "k", input: "held" }]);
    expect(step({ x: [1, 1] })).toEqual([[1, 1]]);
    expect(step({ x: [1, 1] })).toEqual([[8, 9]]);
  });

  test("gives the same bytes for the same file", () => {
    expect(open(sum, [SUM_STATE]).model.bytes).toEqual(open(sum, [SUM_STATE]).model.bytes);
  });
});

describe("a state is refused", () => {
  function refusal(states: readonly TensorState[], written = sum): string {
    try {
      open(written, states);
    } catch (error) {
      if (error instanceof ModelError) return `${error.message} ${error.remedy}`;
      throw error;
    }
    throw new Error("the states were accepted");
  }

  test("when the model has no such output or input", () => {
    expect(refusal([{ output: "x", input: "total" }])).toBe(
      'The model has no output "x" and input "total" to keep as a state. Its outputs are y, next, before; its inputs are x, total.',
    );
  });

  test("when two continue as one input, or no output is left", () => {
    expect(refusal([SUM_STATE, { output: "y", input: "total" }])).toMatch(
      /Two states continue as the input "total"/,
    );
    const all = { ...sum, outputs: ["next"] };
    expect(refusal([SUM_STATE], all)).toMatch(/Every output of the model is kept as a state/);
  });

  test("when the types or shapes differ", () => {
    const wide: Written = { ...sum, inputs: { x: ["f32", 2], total: ["f32", 1] } };
    expect(refusal([SUM_STATE], wide)).toMatch(
      /The output "next", f32 \[2\], cannot continue as the input "total", f32 \[1\]/,
    );
    const initializers = [floatTensor("total", [1], Float32Array.of(1))];
    expect(refusal([SUM_STATE], { ...sum, initializers })).toMatch(
      /initializer of "total" is \[1\], and the input \[2\]/,
    );
  });
});

/** Builds a graph with the input x; its result is the only output. */
function built(build: (builder: GraphBuilder) => string) {
  const builder = buildGraph();
  const graph = builder.finish(build(builder));
  const specs = (values: readonly string[]) =>
    values.map((value) => ({ name: value, value, ...builder.typeOf(value) }));
  const model = { inputs: specs(graph.inputs), outputs: specs(graph.outputs), graph };
  return { graph, library: openLibrary(compileTensors({ task: "tensor", name: "built", ...model })) };
}

/** Runs a graph for several inputs x, by its references and as a module, and compares the outputs. */
function steps(build: (builder: GraphBuilder) => string, inputs: readonly Tensor[]): number[][] {
  const { graph, library } = built(build);
  let held = new Map<string, Tensor>();
  return inputs.map((x) => {
    const tensors = evaluateTensors(graph, new Map([...held, ["x", x]]));
    held = new Map(graph.states.map(({ value, next }) => [value, tensors.get(next) ?? x]));
    const expected = [...(tensors.get(graph.outputs[0] ?? "")?.data ?? [])];
    const received = [...(library.infer(new Map([["x", x.data]]))[0] ?? [])];
    expect(received).toHaveLength(expected.length);
    for (const [index, value] of expected.entries()) expect(received[index]).toBeCloseTo(value, 5);
    return received;
  });
}

const rows = (...numbers: number[]): Tensor => ({
  shape: [numbers.length, 1],
  data: Float32Array.from(numbers),
});

describe("a ring buffer", () => {
  const window = (count: number, length: number, initial?: readonly number[]) => (builder: GraphBuilder) => {
    const x = builder.input("x", { dtype: "f32", shape: [count, 1] });
    const start = initial && builder.constant("start", floats([length, 1], Float32Array.from(initial)));
    return addRingBuffer(builder, x, {
      name: "ring",
      rows: length,
      axis: 0,
      ...(start && { initial: start }),
    });
  };

  test("holds the latest rows, oldest first, the new ones included", () => {
    expect(steps(window(2, 5), [rows(1, 2), rows(3, 4), rows(5, 6)])).toEqual([
      [0, 0, 0, 1, 2],
      [0, 1, 2, 3, 4],
      [2, 3, 4, 5, 6],
    ]);
    expect(steps(window(1, 3, [7, 8, 9]), [rows(1), rows(2)])).toEqual([
      [8, 9, 1],
      [9, 1, 2],
    ]);
  });

  test("of as many rows as come at a time, or of fewer, holds the last of them", () => {
    expect(steps(window(3, 3), [rows(1, 2, 3), rows(4, 5, 6)])).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(steps(window(3, 2), [rows(1, 2, 3), rows(4, 5, 6)])).toEqual([
      [2, 3],
      [5, 6],
    ]);
  });

  test("works along other axes, with integers, and in front of other operators", () => {
    const build = (builder: GraphBuilder): string => {
      const x = builder.input("x", { dtype: "i8", shape: [2, 1, 3] });
      const ring = addRingBuffer(builder, x, { name: "ring", rows: 2, axis: 1 });
      return builder.add("neg", [ring], {});
    };
    const x = (first: number) =>
      constantOf(
        { dtype: "i8", shape: [2, 1, 3] },
        [0, 1, 2, 3, 4, 5].map((n) => n + first),
      );
    expect(steps(build, [x(0), x(10)])).toEqual([
      [0, 0, 0, 0, -1, -2, 0, 0, 0, -3, -4, -5].map((n) => n || 0),
      [0, -1, -2, -10, -11, -12, -3, -4, -5, -13, -14, -15].map((n) => n || 0),
    ]);
  });

  test("refuses an axis or a number of rows that cannot be", () => {
    expect(() => steps(window(2, 0), [])).toThrow("cannot keep 0 rows");
    const onAxis = (builder: GraphBuilder): string =>
      addRingBuffer(builder, builder.input("x", { dtype: "f32", shape: [2] }), {
        name: "ring",
        rows: 3,
        axis: 1,
      });
    expect(() => steps(onAxis, [])).toThrow("cannot keep rows along axis 1 of [2]");
  });
});

test("a state's memory is not used by other values, however many follow it", () => {
  const build = (builder: GraphBuilder): string => {
    const x = builder.input("x", { dtype: "f32", shape: [4, 8] });
    const held = builder.state("held", { dtype: "f32", shape: [4, 8] });
    let value = builder.add("add", [x, held], {});
    for (let index = 0; index < 20; index++) {
      value = builder.add("transpose", [builder.add("tanh", [value], {})], { order: [1, 0] });
    }
    builder.keep(held, builder.add("add", [value, held], {}));
    return builder.add("reshape", [value], { shape: [32] });
  };
  const data = Float32Array.from({ length: 32 }, (_, index) => index / 8 - 2);
  const x = { shape: [4, 8], data };
  expect(steps(build, [x, x, x])).toHaveLength(3);
});

describe("verify", () => {
  const good = () => {
    const builder = buildGraph();
    const x = builder.input("x", { dtype: "f32", shape: [2] });
    const held = builder.state("held", { dtype: "f32", shape: [2] });
    const sum = builder.add("add", [x, held], {}, "sum");
    builder.keep(held, sum);
    return builder.finish(builder.add("neg", [sum], {}, "y"));
  };

  test("accepts a state, and names what is wrong with another", () => {
    const graph = good();
    expect(() => verify(graph)).not.toThrow();
    const [state] = graph.states;
    if (state === undefined) throw new Error("the graph has a state");
    const broken = (states: typeof graph.states) => () => verify({ ...graph, states });
    expect(broken([{ ...state, next: "x" }])).toThrow(
      'no node computes "x", the next value of the state "held"',
    );
    expect(broken([state, state])).toThrow('the state "held" is also an input, a constant or another state');
    expect(broken([{ ...state, initial: "x" }])).toThrow(
      '"x", the initial value of the state "held", is no constant',
    );
    expect(broken([])).toThrow('add "sum" uses "held", which no node computes');
    const values = new Map(graph.values).set("held", { dtype: "f32", shape: [1] });
    expect(() => verify({ ...graph, values })).toThrow('the state "held" is f32 [1], but "sum" is f32 [2]');
  });

  test("the builder asks for the next value of every state", () => {
    const builder = buildGraph();
    builder.state("held", { dtype: "f32", shape: [2] });
    expect(() => builder.finish()).toThrow('the state "held" has no next value');
    expect(() => builder.keep("other", "held")).toThrow('there is no state named "other"');
  });
});
