import { expect, test } from "vitest";
import { fuzzEverything } from "../support/fuzzing/fuzz-everything.ts";

/** Other mutants than in tests/faults/fuzz.test.ts. */
const SEED = 20_261_122;
const MUTANTS = 100_000;

test("a hundred thousand mutated inputs cause no undocumented behaviour", async () => {
  let inputs = 0;
  for await (const { target, findings, ...result } of fuzzEverything(SEED, MUTANTS)) {
    expect({ target, findings }).toEqual({ target, findings: [] });
    inputs += result.inputs;
  }
  expect(inputs).toBeGreaterThanOrEqual(MUTANTS);
}, 3_600_000);
