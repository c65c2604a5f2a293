/**
 * One contestant in a process of its own, so that memory and loading time are its own. It does what the parent asks
 * and nothing in between.
 */

import type { Answer, Question } from "./contestant.ts";
import { loadContestant } from "./load-contestant.ts";

const MEGABYTE = 1e6;

const state: { contestant?: Awaited<ReturnType<typeof loadContestant>>; pixels?: Uint8Array } = {};

process.on("message", (question: Question) => {
  answer(question).then(
    (value) => reply({ ok: true, value }),
    (error: unknown) => reply({ ok: false, error: error instanceof Error ? error.message : String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));

async function answer(question: Question): Promise<number> {
  if (question.ask === "rss") return process.memoryUsage.rss() / MEGABYTE;
  if (question.ask === "load") {
    state.pixels = Buffer.from(question.pixels, "base64");
    return await timed(async () => {
      state.contestant = await loadContestant(question.choice);
    });
  }
  const { contestant, pixels } = state;
  if (contestant === undefined || pixels === undefined) throw new Error("asked to infer before load");
  return await timed(() => contestant.infer(pixels));
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

function reply(message: Answer): void {
  process.send?.(message);
}
