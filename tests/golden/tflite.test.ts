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

/** The bytes of the answer, and LiteRT's. */
function answers(name: string): { readonly received: Uint8Array; readonly expected: Uint8Array } {
  const read = (file: string): Uint8Array => Uint8Array.from(readFileSync(join(zoo ?? "", file)));
  const { model, input, outputs }: Expected = JSON.parse(
    readFileSync(join(zoo ?? "", "expected", `${name}.json`), "utf8"),
  );
  const [received = new Uint8Array()] = runOnBytes(compileTflite(read(model)), [
    read(`expected/${input.file}`),
  ]);
  return {
    received,
    expected: read(`expected/${outputs[0]?.file}`),
  };
}

describe.skipIf(zoo === undefined)("against LiteRT", () => {
  test.each(INTEGERS)("%s, to the bit", (name) => {
    const { received, expected } = answers(name);
    expect(Buffer.compare(received, expected)).toBe(0);
  });

  test.each(FLOATS)("%s, within 1e-4 of its range", (name) => {
    const { received, expected } = answers(name);
    const [seen, wanted] = [received, expected].map((bytes) => new Float32Array(bytes.buffer));
    const range = Math.max(...(wanted ?? []).map(Math.abs));
    expect(wanted?.length).toBeGreaterThan(1);
    for (const [index, value] of (wanted ?? []).entries()) {
      expect(Math.abs((seen?.[index] ?? Number.NaN) - value)).toBeLessThanOrEqual(TOLERANCE * range);
    }
  });
});
