/**
 * Random models of the claimed operators: the compiled module, the references of the graph, and onnxruntime agree.
 * SABREWING_GRAPHS sets their number.
 */
import * as onnxruntime from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { readOnnx } from "../../detectors/compiler/import/onnx/read-onnx.ts";
import { importTensors } from "../../detectors/compiler/import/onnx/tensors/importer.ts";
import { evaluateTensors } from "../../detectors/compiler/ops/evaluate.ts";
import { elements } from "../../detectors/compiler/ops/shapes.ts";
import { compileOnnx } from "../../scripts/conformance/compile-onnx.ts";
import { runLibrary } from "../../scripts/conformance/run-library.ts";
import { seeded, seededFloats } from "../support/base/seeded.ts";
import { randomModel } from "../support/models/random-onnx.ts";

const GRAPHS = Number(process.env.SABREWING_GRAPHS ?? 40);

/** The largest |a − b| / max(|b|, range / 100): at most 2e-4 for engines that round differently. */
const TOLERANCE = 2e-4;

function expectClose(received: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  expect(received.length, what).toBe(expected.length);
  const list = Array.from(expected).filter(Number.isFinite);
  const range = Math.max(...list, 0) - Math.min(...list, 0);
  for (let index = 0; index < expected.length; index++) {
    const [a = Number.NaN, b = Number.NaN] = [received[index], expected[index]];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    const difference = Math.abs(a - b) / Math.max(Math.abs(b), range / 100);
    if (!(difference <= TOLERANCE)) expect.fail(`${what}, element ${index}: ${a} for ${b}`);
  }
}

async function compareAll(seed: number): Promise<void> {
  const { file, inputs, operators } = randomModel(seeded(seed));
  const what = `graph ${seed}: ${operators}`;
  const numbers = new Map(
    inputs.map(({ name, shape }, index) => [name, seededFloats(seed * 10 + index, elements(shape), 2)]),
  );
  const compiled = compileOnnx(file);
  const module = runLibrary(compiled, numbers);

  const imported = importTensors(readOnnx(file), { name: "random" });
  const tensors = imported.inputs.map(({ name, value, shape }) => {
    return [value, { shape, data: numbers.get(name) ?? new Float32Array() }] as const;
  });
  const references = evaluateTensors(imported.graph, new Map(tensors));

  const session = await onnxruntime.InferenceSession.create(file, { logSeverityLevel: 4 });
  const feeds = inputs.map(({ name, shape }) => {
    return [name, new onnxruntime.Tensor("float32", numbers.get(name) ?? [], [...shape])] as const;
  });
  const peer = await session.run(Object.fromEntries(feeds));
  for (const [index, { name, shape, value }] of imported.outputs.entries()) {
    const expected = peer[name];
    expect(shape, what).toEqual(expected?.dims);
    const truth = Float32Array.from((expected?.data ?? []) as ArrayLike<number>);
    expectClose(references.get(value)?.data ?? [], truth, `${what}, reference`);
    expectClose(module[index] ?? [], truth, `${what}, module`);
  }
}

describe("random graphs", () => {
  test(`${GRAPHS} of them agree with their references and with onnxruntime`, {
    timeout: 600_000,
  }, async () => {
    for (let seed = 1; seed <= GRAPHS; seed++) await compareAll(seed);
  });
});
