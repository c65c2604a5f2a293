/**
 * Random models of the claimed operators: the compiled module, the references of the graph, and onnxruntime agree.
 * SABREWING_GRAPHS sets their number.
 */
import * as onnxruntime from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import type { Tensor } from "../../detectors/compiler/graph/value.ts";
import { readOnnx } from "../../detectors/compiler/import/onnx/read-onnx.ts";
import { importTensors } from "../../detectors/compiler/import/onnx/tensors/importer.ts";
import { evaluateTensors } from "../../detectors/compiler/ops/evaluate.ts";
import { elements } from "../../detectors/compiler/ops/shapes.ts";
import { ModelError } from "../../detectors/errors.ts";
import { type CompiledTensors, compileOnnx } from "../../scripts/conformance/compile-onnx.ts";
import { runLibrary } from "../../scripts/conformance/run-library.ts";
import { seeded, seededFloats } from "../support/base/seeded.ts";
import { randomConvolutionModel } from "../support/models/random-convolution-onnx.ts";
import { randomIntegerModel } from "../support/models/random-integer-onnx.ts";
import { type RandomModel, randomModel } from "../support/models/random-onnx.ts";

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

async function compareAll(seed: number, draw: (random: () => number) => RandomModel): Promise<void> {
  const { file, inputs, operators } = draw(seeded(seed));
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

/** The numbers of the inputs of a random model: of i64 the whole range of i32, as a module takes it. */
function integerInputs(seed: number) {
  const wide = seededFloats(seed * 10, 12, 2 ** 31);
  const small = seededFloats(seed * 10 + 1, 12, 1000);
  return {
    long: Int32Array.from(wide, (value, index) => (index === 0 ? -(2 ** 31) : Math.trunc(value))),
    short: Int32Array.from(small, Math.trunc),
    real: seededFloats(seed * 10 + 2, 12, 3),
  };
}

/** @returns `refused` where a 64-bit integer may not fit into 32 bits */
async function compareIntegers(seed: number): Promise<"compiled" | "refused"> {
  const { file, operators } = randomIntegerModel(seeded(seed));
  const what = `graph ${seed}: ${operators}`;
  const { long, short, real } = integerInputs(seed);
  let compiled: CompiledTensors;
  try {
    compiled = compileOnnx(file);
  } catch (error) {
    if (!(error instanceof ModelError) || !/of 64-bit integers/.test(error.message)) throw error;
    return "refused";
  }
  const inputs = new Map<string, ArrayLike<number>>(Object.entries({ long, short, real }));
  const module = runLibrary(compiled, inputs);
  const imported = importTensors(readOnnx(file), { name: "random" });
  const references = evaluateTensors(
    imported.graph,
    new Map(
      [
        ["long", { shape: [3, 4], data: long }],
        ["short", { shape: [3, 4], data: short }],
        ["real", { shape: [3, 4], data: real }],
      ].map(([name, tensor]) => [name, tensor] as [string, Tensor]),
    ),
  );
  const session = await onnxruntime.InferenceSession.create(file, { logSeverityLevel: 4 });
  const peer = await session.run({
    long: new onnxruntime.Tensor("int64", BigInt64Array.from(long, BigInt), [3, 4]),
    short: new onnxruntime.Tensor("int32", short, [3, 4]),
    real: new onnxruntime.Tensor("float32", real, [3, 4]),
  });
  for (const [index, { name, value }] of imported.outputs.entries()) {
    const truth = Array.from((peer[name]?.data ?? []) as ArrayLike<number | bigint>, Number);
    expect([...(references.get(value)?.data ?? [])], `${what}, reference`).toEqual(truth);
    expect([...(module[index] ?? [])], `${what}, module`).toEqual(truth);
  }
  return "compiled";
}

describe("random graphs", () => {
  test(`${GRAPHS} of them agree with their references and with onnxruntime`, {
    timeout: 600_000,
  }, async () => {
    for (let seed = 1; seed <= GRAPHS; seed++) await compareAll(seed, randomModel);
  });

  test(`${GRAPHS} convolutional ones agree with their references and with onnxruntime`, {
    timeout: 600_000,
  }, async () => {
    for (let seed = 1; seed <= GRAPHS; seed++) await compareAll(seed, randomConvolutionModel);
  });

  test(`of ${GRAPHS} with integers and branches those that are compiled give onnxruntime's integers`, {
    timeout: 600_000,
  }, async () => {
    const verdicts: string[] = [];
    for (let seed = 1; seed <= GRAPHS; seed++) verdicts.push(await compareIntegers(seed));
    expect(verdicts.filter((verdict) => verdict === "compiled").length).toBeGreaterThan(GRAPHS / 3);
  });
});
