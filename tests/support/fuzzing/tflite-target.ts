import { importTflite } from "../../../detectors/compiler/import/tflite/importer.ts";
import { readTflite } from "../../../detectors/compiler/import/tflite/schema.ts";
import { LITERT_CASES, liteRtCase } from "../models/litert-cases.ts";
import { at, mutatedBytes } from "./mutate-bytes.ts";
import { refusesModel } from "./refusals.ts";
import { acceptedUnless, type FuzzTarget } from "./target.ts";
import { wordsOf } from "./words.ts";

/** Offsets backwards and far forwards, lengths of gigabytes, the identifier. */
const WORDS = [
  ...wordsOf("TFL3", "TFLite_Detection_PostProcess"),
  ...[1, 4, 8, 32, 2 ** 16, 2 ** 30, 2 ** 31 - 1, 2 ** 32 - 4, 2 ** 32 - 1].map(
    (number) => new Uint8Array(Uint32Array.of(number).buffer),
  ),
];

/** The TensorFlow Lite importer: mutants of small models of each operator. */
export function tfliteTarget(): FuzzTarget {
  const seeds = Object.keys(LITERT_CASES).flatMap((operator) =>
    [0, 1].map((number) => liteRtCase(operator, number).model),
  );
  return {
    make: (random) => mutatedBytes(seeds[at(random, seeds.length)] ?? new Uint8Array(), random, WORDS),
    feed: (file) =>
      acceptedUnless(refusesModel, () => importTflite(readTflite(file as Uint8Array), { name: "mutant" })),
  };
}
