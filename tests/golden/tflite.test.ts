/** Whole TensorFlow Lite models answer as LiteRT's reference kernels. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findZoo } from "../support/base/materials.ts";
import { compileTflite, runOnBytes } from "../support/models/compile-tflite.ts";

/** Models of integers: every byte of the answer is LiteRT's. */
const INTEGERS = [
  "ad01_int8",
  "kws_ref_model",
  "pretrainedResnet_quant",
  "str_ww_ref_model",
  "vww_96_int8",
  "yolov5n_224_int8",
];
/** Models of floats, within this share of the largest number of the answer. */
const FLOATS = ["ad01_fp32", "pretrainedResnet", "vww_96_float"];
const TOLERANCE = 1e-4;

const zoo = findZoo();

/** LiteRT's input and answer, as `expected/` of the zoo has them. */
interface Expected {
  readonly model: string;
  readonly input: { readonly file: string };
  readonly outputs: readonly { readonly file: string }[];
}

/** The bytes of an output, and LiteRT's. */
interface Answer {
  readonly received: Uint8Array;
  readonly expected: Uint8Array;
}

function answers(name: string): readonly Answer[] {
  const read = (file: string): Uint8Array => Uint8Array.from(readFileSync(join(zoo ?? "", file)));
  const { model, input, outputs }: Expected = JSON.parse(
    readFileSync(join(zoo ?? "", "expected", `${name}.json`), "utf8"),
  );
  const received = runOnBytes(compileTflite(read(model)), [read(`expected/${input.file}`)]);
  return outputs.map(({ file }, index) => ({
    received: received[index] ?? new Uint8Array(),
    expected: read(`expected/${file}`),
  }));
}

function expectSameBits({ received, expected }: Answer): void {
  expect(expected.length).toBeGreaterThan(1);
  expect(Buffer.compare(received, expected)).toBe(0);
}

/** Floats within a share of the largest number of the answer. */
function expectNear({ received, expected }: Answer, tolerance: number): void {
  const [seen, wanted] = [new Float32Array(received.buffer), new Float32Array(expected.buffer)];
  const range = Math.max(...wanted.map(Math.abs));
  expect(wanted.length).toBeGreaterThan(1);
  for (const [index, value] of wanted.entries()) {
    expect(Math.abs((seen[index] ?? Number.NaN) - value)).toBeLessThanOrEqual(tolerance * range);
  }
}

describe.skipIf(zoo === undefined)("against LiteRT", () => {
  test.each(INTEGERS)("%s, to the bit", (name) => {
    for (const answer of answers(name)) expectSameBits(answer);
  });

  test.each(FLOATS)("%s, within 1e-4 of its range", (name) => {
    for (const answer of answers(name)) expectNear(answer, TOLERANCE);
  });

  test("ssd_mobilenet_v1_300_uint8: classes, scores and their number to the bit, boxes to a rounding error", () => {
    const [boxes, ...others] = answers("ssd_mobilenet_v1_300_uint8");
    expect(others).toHaveLength(3);
    for (const answer of others) expectSameBits(answer);
    if (boxes !== undefined) expectNear(boxes, 1e-6);
  });
});
