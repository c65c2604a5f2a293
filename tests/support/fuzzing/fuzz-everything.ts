import { availableParallelism } from "node:os";
import { type FuzzResult, fuzz, type Range } from "./fuzz.ts";
import { TARGETS } from "./targets.ts";

const FEWEST = 100;
/** Each process may take half a gigabyte of memory. */
const MOST_PROCESSES = 4;

/** A target's range of mutants, in proportion to its share, and at least a hundred. @param all mutants of all targets */
export function mutantsFor(target: string, all: number): Range {
  const share = TARGETS[target]?.share ?? 0;
  return { from: 0, to: Math.max(FEWEST, Math.ceil((all * share) / 1000)) };
}

/** Feeds the targets with their mutants, one target after another, with a process per core. */
export async function* fuzzEverything(
  seed: number,
  mutants: number,
): AsyncGenerator<FuzzResult & { readonly target: string }, void> {
  const processes = Math.min(MOST_PROCESSES, availableParallelism());
  for (const target of Object.keys(TARGETS)) {
    const stretches = cut(mutantsFor(target, mutants), processes);
    const results = await Promise.all(stretches.map((stretch) => fuzz(target, seed, stretch)));
    yield {
      target,
      inputs: results.reduce((sum, { inputs }) => sum + inputs, 0),
      accepted: results.reduce((sum, { accepted }) => sum + accepted, 0),
      findings: results.flatMap(({ findings }) => findings),
    };
  }
}

function cut({ from, to }: Range, parts: number): Range[] {
  const length = Math.ceil((to - from) / parts);
  return Array.from({ length: parts }, (_, part) => ({
    from: Math.min(to, from + part * length),
    to: Math.min(to, from + (part + 1) * length),
  }));
}
