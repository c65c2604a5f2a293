/** Operators on quantized integers give the answers of LiteRT's reference kernels to the bit. */
import { describe, expect, test } from "vitest";
import { ARRAYS, type Tensor } from "../../detectors/compiler/graph/value.ts";
import { importTflite } from "../../detectors/compiler/import/tflite/importer.ts";
import { readTflite } from "../../detectors/compiler/import/tflite/schema.ts";
import { evaluateTensors } from "../../detectors/compiler/ops/evaluate.ts";
import { compileTflite, runOnBytes } from "../support/models/compile-tflite.ts";
import { answerDigest, CASES_PER_OPERATOR, liteRtAnswers } from "../support/models/litert-answers.ts";
import { LITERT_CASES, type LiteRtCase, liteRtCase } from "../support/models/litert-cases.ts";
import { binaryenAccepts } from "../support/models/valid-wasm.ts";

const answers = liteRtAnswers();
const numbers = Array.from({ length: CASES_PER_OPERATOR }, (_, number) => number);
/** The references are slow. */
const REFERENCES = 40;

function moduleAnswer({ model, inputs }: LiteRtCase): Uint8Array {
  return runOnBytes(compileTflite(model), inputs)[0] ?? new Uint8Array();
}

function referenceAnswer({ model, inputs }: LiteRtCase): Uint8Array {
  const { graph, inputs: specs, outputs } = importTflite(readTflite(model), { name: "test" });
  const tensors = new Map(
    specs.map(({ value, shape, dtype }, index): [string, Tensor] => [
      value,
      { shape, data: new ARRAYS[dtype](Uint8Array.from(inputs[index] ?? []).buffer) },
    ]),
  );
  const { buffer } = evaluateTensors(graph, tensors).get(outputs[0]?.value ?? "")?.data ?? new Uint8Array();
  return new Uint8Array(buffer);
}

/** The numbers of the cases whose answers differ from LiteRT's. */
function wrong(operator: string, cases: readonly number[], answer: (one: LiteRtCase) => Uint8Array) {
  return cases.filter(
    (number) => answerDigest(answer(liteRtCase(operator, number))) !== answers.get(operator)?.[number],
  );
}

describe.each(Object.keys(LITERT_CASES))("%s", (operator) => {
  test("kernels answer as LiteRT", () => {
    expect(wrong(operator, numbers, moduleAnswer)).toEqual([]);
  });

  test("references answer as LiteRT", () => {
    expect(wrong(operator, numbers.slice(0, REFERENCES), referenceAnswer)).toEqual([]);
  });

  test("kernels are valid WebAssembly", () => {
    expect(binaryenAccepts(compileTflite(liteRtCase(operator, 0).model).bytes)).toBe(true);
  });
});

test("the stored answers are those of all operators and cases", () => {
  expect([...answers.keys()].toSorted()).toEqual(Object.keys(LITERT_CASES).toSorted());
  for (const digests of answers.values()) expect(digests).toHaveLength(CASES_PER_OPERATOR);
});
