/** Input from outside is accepted or refused as documented: it causes no crash, no hang and no unlimited memory. */
import { describe, expect, test } from "vitest";
import { fuzz } from "../support/fuzzing/fuzz.ts";
import { mutantsFor } from "../support/fuzzing/fuzz-everything.ts";
import { TARGETS } from "../support/fuzzing/targets.ts";

const SEED = 1;
/** For all targets together; tests/long/fuzz.test.ts has more of them. */
const MUTANTS = 2_000;

describe("mutated inputs", () => {
  test.each(Object.keys(TARGETS))(
    "do no harm to %s",
    async (target) => {
      const { inputs, accepted, findings } = await fuzz(target, SEED, mutantsFor(target, MUTANTS));
      expect(findings).toEqual([]);
      expect(inputs).toBeGreaterThanOrEqual(100);
      // The mutations are strong enough that inputs are refused, and weak enough that inputs are accepted.
      expect(accepted).toBeGreaterThan(0);
      expect(accepted).toBeLessThan(inputs);
    },
    180_000,
  );
});
