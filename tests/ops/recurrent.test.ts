/** RNN, GRU and LSTM: modules give onnxruntime's results. */
import * as onnxruntime from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import type { OnnxTensor } from "../../detectors/compiler/import/onnx/schema.ts";
import { elements } from "../../detectors/compiler/ops/shapes.ts";
import { compileOnnx } from "../../scripts/conformance/compile-onnx.ts";
import { openLibrary } from "../../scripts/conformance/run-library.ts";
import { seededFloats } from "../support/base/seeded.ts";
import { type Attributes, floatTensor, integerTensor } from "../support/models/onnx-writer.ts";
import { node, onnx, refusal, type Written } from "../support/models/tensor-onnx.ts";

const [STEPS, BATCH, INPUTS, HIDDEN] = [3, 2, 4, 5];
const GATES = { RNN: 1, GRU: 3, LSTM: 4 } as const;
type RecurrentOp = keyof typeof GATES;

interface Options {
  readonly attributes?: Attributes;
  readonly directions?: number;
  readonly bias?: boolean;
  readonly peephole?: boolean;
  /** Of the input `x`. */
  readonly steps?: number;
}

/** A model of one node with the inputs x and h and, for an LSTM, c; it returns all outputs. */
function model(
  op: RecurrentOp,
  { attributes = {}, directions = 1, bias = true, peephole = false, steps = STEPS }: Options,
): Written {
  const isLstm = op === "LSTM";
  const width = GATES[op] * HIDDEN;
  const weights = (name: string, ...shape: number[]): OnnxTensor =>
    floatTensor(name, shape, seededFloats(name.length * 7 + width, elements(shape), 0.7));
  const initializers = [
    weights("w", directions, width, INPUTS),
    weights("rr", directions, width, HIDDEN),
    ...(bias ? [weights("bbb", directions, 2 * width)] : []),
    ...(peephole ? [weights("pppp", directions, 3 * HIDDEN)] : []),
  ];
  const isBatchFirst = attributes.layout === 1;
  const memory = isBatchFirst
    ? ([BATCH, directions, HIDDEN] as const)
    : ([directions, BATCH, HIDDEN] as const);
  const sequence = isBatchFirst ? ([BATCH, steps, INPUTS] as const) : ([steps, BATCH, INPUTS] as const);
  const inputs = [
    "x",
    "w",
    "rr",
    bias ? "bbb" : "",
    "",
    "h",
    ...(isLstm ? ["c"] : []),
    ...(peephole ? ["pppp"] : []),
  ];
  const outputs = ["y", "hn", ...(isLstm ? ["cn"] : [])];
  return {
    inputs: { x: ["f32", ...sequence], h: ["f32", ...memory], ...(isLstm ? { c: ["f32", ...memory] } : {}) },
    initializers,
    nodes: [node(op, inputs, outputs, { hidden_size: HIDDEN, ...attributes })],
    outputs,
  };
}

async function expectSame(written: Written): Promise<void> {
  const file = onnx(written);
  const compiled = compileOnnx(file);
  const numbers = new Map(
    compiled.inputs.map(({ name, shape }, index) => [name, seededFloats(index + 3, elements(shape), 1)]),
  );
  const session = await onnxruntime.InferenceSession.create(file, { logSeverityLevel: 4 });
  const feeds = compiled.inputs.map(({ name, shape }) => {
    return [name, new onnxruntime.Tensor("float32", numbers.get(name) ?? [], [...shape])] as const;
  });
  const peer = await session.run(Object.fromEntries(feeds));
  const received = openLibrary(compiled).infer(numbers);
  for (const [index, { name, shape }] of compiled.outputs.entries()) {
    expect(shape, name).toEqual(peer[name]?.dims);
    const expected = Array.from((peer[name]?.data ?? []) as Float32Array);
    expect(received[index]?.length).toBe(expected.length);
    for (const [at, value] of expected.entries()) expect(received[index]?.[at], name).toBeCloseTo(value, 5);
  }
}

const text = (...words: string[]) => words;

describe.each(["RNN", "GRU", "LSTM"] as const)("%s", (op) => {
  test.each([
    ["forward", 1],
    ["reverse", 1],
    ["bidirectional", 2],
  ] as const)("%s, with and without bias", async (direction, directions) => {
    for (const bias of [true, false]) {
      await expectSame(model(op, { attributes: { direction }, directions, bias }));
    }
  });

  test("with other activations", async () => {
    const activations = {
      RNN: text("Relu"),
      GRU: text("Tanh", "Relu"),
      LSTM: text("Tanh", "Relu", "Sigmoid"),
    }[op];
    await expectSame(model(op, { attributes: { activations } }));
    const both = { direction: "bidirectional", activations: [...activations, ...activations.toReversed()] };
    await expectSame(model(op, { attributes: both, directions: 2 }));
  });

  test("of one step", async () => {
    await expectSame(model(op, { steps: 1 }));
  });

  test("refuses what it would compute wrongly", () => {
    const of = (attributes: Attributes, options: Options = {}) =>
      refusal(model(op, { attributes, ...options }));
    expect(of({ clip: { float: 3 } })).toMatch(/clips its sums/);
    expect(of({ activations: text("Softsign", "Softsign", "Softsign") })).toMatch(
      /has the activation Softsign/,
    );
    expect(of({ direction: "sideways" })).toMatch(/has the direction sideways/);
    expect(of({}, { steps: 200 })).toMatch(/has 200 steps, of which the compiler takes 1 to 128/);
    const written = model(op, {});
    const lengths = { ...integerTensor("lengths", [3, 2]), dataType: 6, int32Data: [3, 2], int64Data: [] };
    const [plain] = written.nodes;
    const input = (plain?.input ?? []).with(4, "lengths");
    const uneven = { ...written, initializers: [...(written.initializers ?? []), lengths] };
    expect(
      refusal({
        ...uneven,
        nodes: [{ ...node(op, input, plain?.output ?? []), attribute: plain?.attribute ?? [] }],
      }),
    ).toMatch(/has sequences of different lengths/);
  });
});

test("a GRU whose reset gate comes after its product", async () => {
  await expectSame(model("GRU", { attributes: { linear_before_reset: 1 } }));
});

test("an LSTM with peepholes; coupled gates are refused", async () => {
  await expectSame(model("LSTM", { peephole: true }));
  expect(refusal(model("LSTM", { attributes: { input_forget: 1 } }))).toMatch(/couples its gates/);
});

test("an LSTM whose memory is the module's state gives onnxruntime's sequence", async () => {
  const written = model("LSTM", { steps: 1 });
  const file = onnx(written);
  const states = [
    { output: "hn", input: "h" },
    { output: "cn", input: "c" },
  ];
  const compiled = compileOnnx(file, { states });
  expect([compiled.inputs, compiled.outputs].map((all) => all.map(({ name }) => name))).toEqual([
    ["x"],
    ["y"],
  ]);
  const library = openLibrary(compiled);
  const session = await onnxruntime.InferenceSession.create(file, { logSeverityLevel: 4 });
  const zeros = () => new onnxruntime.Tensor("float32", new Float32Array(BATCH * HIDDEN), [1, BATCH, HIDDEN]);
  for (const round of ["the first", "after a reset"]) {
    let [h, c] = [zeros(), zeros()];
    for (let step = 0; step < 5; step++) {
      const data = seededFloats(step + 50, BATCH * INPUTS, 1);
      const x = new onnxruntime.Tensor("float32", data, [1, BATCH, INPUTS]);
      const peer = await session.run({ x, h, c });
      h = peer.hn as onnxruntime.TypedTensor<"float32">;
      c = peer.cn as onnxruntime.TypedTensor<"float32">;
      const [received] = library.infer(new Map([["x", data]]));
      for (const [at, value] of Array.from((peer.y?.data ?? []) as Float32Array).entries()) {
        expect(received?.[at], `${round}, step ${step}`).toBeCloseTo(value, 5);
      }
    }
    library.reset();
  }
});
