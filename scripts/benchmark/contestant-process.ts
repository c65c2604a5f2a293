/**
 * Runs one contestant in its own process, so that memory and loading time are its own. It works only when the parent
 * asks.
 */

import type { Answer, Contestant, Question } from "./contestant.ts";
import { loadContestant } from "./load-contestant.ts";

const MEGABYTE = 1e6;

const state: { contestant?: Contestant; pixels?: Uint8Array } = {};

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
      state.contestant = await loadContestant(question.choice, true);
    });
  }
  const { contestant, pixels } = state;
  if (contestant === undefined || pixels === undefined)
    throw new Error(`asked to ${question.ask} before load`);
  switch (question.ask) {
    case "infer":
      return await timed(() => contestant.infer(pixels));
    case "respawn":
      return await must(contestant.respawn, question.ask)(pixels);
    case "throughput":
      return await must(contestant.throughput, question.ask)(pixels, question.instances);
  }
}

function must<Method>(method: Method | undefined, name: string): Method {
  if (method === undefined) throw new Error(`this contestant has no ${name}`);
  return method;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

function reply(message: Answer): void {
  process.send?.(message);
}
