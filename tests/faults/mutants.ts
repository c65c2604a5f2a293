import { fuzzEverything } from "../support/fuzzing/fuzz-everything.ts";
import type { Fault } from "./fault.ts";

const SEED = 20_261_122;

/** Mutated inputs to all parsers of external input: the worst result must be a documented refusal. */
export const mutatedInputs: Fault = {
  fault: "mutated inputs (all importers, loaders and stores, ONVIF answers, RTP packets)",
  times: 100_000,
  lacks: () => undefined,
  async inflict(times) {
    const broken: string[] = [];
    let inputs = 0;
    let accepted = 0;
    for await (const { target, findings, ...result } of fuzzEverything(SEED, times)) {
      inputs += result.inputs;
      accepted += result.accepted;
      broken.push(...findings.map(({ index, what }) => `${target}, mutant ${index}: ${what.split("\n")[0]}`));
    }
    return { lost: broken.length, broken, inputs, accepted };
  },
};
