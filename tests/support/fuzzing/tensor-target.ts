import { decodeModel, encodeModel } from "../../../detectors/compiler/import/onnx/schema.ts";
import { compileOnnx } from "../../../scripts/conformance/compile-onnx.ts";
import { seeded } from "../base/seeded.ts";
import { operatorSamples } from "../models/operator-samples.ts";
import { randomModel } from "../models/random-onnx.ts";
import { at, mutatedBytes } from "./mutate-bytes.ts";
import { mutatedOnnx } from "./mutate-onnx.ts";
import { nestedSubgraphs } from "./nested-subgraphs.ts";
import { refusesModel } from "./refusals.ts";
import { runOnce } from "./run-once.ts";
import { acceptedUnless, type FuzzTarget } from "./target.ts";
import { wordsOf } from "./words.ts";

const WORDS = wordsOf("Pad", "Resize", "Loop", "If", "com.evil", "__proto__", "x", "mode");
const RANDOM_MODELS = 500;

/** ONNX models compiled with their own inputs and outputs. What is accepted is a valid module, and runs without a trap. */
export function tensorTarget(): FuzzTarget {
  const seeds = operatorSamples();

  function seedOf(random: () => number): Uint8Array {
    const sample = random() < 0.5 ? seeds[at(random, seeds.length)] : undefined;
    return sample ?? randomModel(seeded(at(random, RANDOM_MODELS))).file;
  }
  return {
    make(random) {
      const seed = seedOf(random);
      const kind = random();
      if (kind < 0.02) return nestedSubgraphs(2 ** at(random, 15));
      if (kind < 0.2) return mutatedBytes(seed, random, WORDS);
      return encodeModel(mutatedOnnx(decodeModel(seed), random));
    },
    feed: (file) => acceptedUnless(refusesModel, () => runOnce(compileOnnx(file as Uint8Array))),
  };
}
