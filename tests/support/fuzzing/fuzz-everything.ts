import { type FuzzResult, fuzz } from "./fuzz.ts";
import { TARGETS } from "./targets.ts";

/** Which mutants a target gets of so many for all: at least a hundred, in proportion to its share. */
export function mutantsFor(target: string, all: number): { readonly from: number; readonly to: number } {
  const share = TARGETS[target]?.share ?? 0;
  return { from: 0, to: Math.max(100, Math.ceil((all * share) / 1000)) };
}

/** Feeds every target with its mutants, one after another. */
export async function* fuzzEverything(
  seed: number,
  mutants: number,
): AsyncGenerator<FuzzResult & { readonly target: string }, void> {
  for (const target of Object.keys(TARGETS)) {
    yield { target, ...(await fuzz(target, seed, mutantsFor(target, mutants))) };
  }
}
