import { Worker } from "node:worker_threads";
import type { FuzzMessage, FuzzTask } from "./fuzz-worker.ts";

/** A mutant that caused undocumented behaviour. `fuzz(target, seed, {from: index, to: index + 1})` repeats it. */
export interface Finding {
  readonly index: number;
  readonly what: string;
}

/** The result of fuzzing a target. */
export interface FuzzResult {
  readonly inputs: number;
  /** Number of accepted inputs. With none the mutants are too wild, with all too tame. */
  readonly accepted: number;
  readonly findings: readonly Finding[];
}

/** A range of mutants. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Limit of the process's CPU time per input, which does not depend on other load. */
const HANGS_AFTER_CPU_MS = 40_000;
/** Limit of wall-clock time, for a mutant that hangs without computing. */
const HANGS_AFTER_MS = 300_000;
const CHECK_EVERY_MS = 500;
/** Limit of the JavaScript heap. `MOST_RSS_BYTES` limits other memory. */
const HEAP_MB = 512;
const MOST_RSS_BYTES = 3 * 2 ** 30;
const MOST_FINDINGS = 10;

const WORKER = new URL("./fuzz-worker.ts", import.meta.url);

/**
 * Feeds a target with mutants in its own thread. Findings are hangs, an exhausted heap, too much other memory, and
 * undocumented errors. After a finding that ends the thread, a new one continues with the next mutant.
 * @param target a key of TARGETS
 */
export async function fuzz(target: string, seed: number, { from, to }: Range): Promise<FuzzResult> {
  const findings: Finding[] = [];
  let accepted = 0;
  let next = from;
  while (next < to && findings.length < MOST_FINDINGS) {
    const stretch = await fuzzUntilItDies({ target, seed, from: next, to }, findings);
    accepted += stretch.accepted;
    next = stretch.next;
  }
  return { inputs: next - from, accepted, findings };
}

async function fuzzUntilItDies(
  task: Omit<FuzzTask, "progress">,
  findings: Finding[],
): Promise<{ next: number; accepted: number }> {
  const progress = new Int32Array(new SharedArrayBuffer(4));
  Atomics.store(progress, 0, task.from);
  const worker = new Worker(WORKER, {
    workerData: { ...task, progress },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  const death = Promise.withResolvers<string | undefined>();
  let accepted = 0;
  worker.on("message", (message: FuzzMessage) => {
    if (message.kind === "done") {
      accepted = message.accepted;
      death.resolve(undefined);
    } else {
      findings.push(message);
      if (findings.length >= MOST_FINDINGS) death.resolve(undefined);
    }
  });
  worker.on("error", (error) => death.resolve(`the thread ended: ${error.stack ?? error}`));
  worker.on("exit", () => death.resolve("the thread ended"));

  let seen = -1;
  let sinceMs = performance.now();
  let sinceCpu = process.cpuUsage();
  const watchdog = setInterval(() => {
    const index = Atomics.load(progress, 0);
    if (index !== seen) {
      seen = index;
      sinceMs = performance.now();
      sinceCpu = process.cpuUsage();
    }
    const { user, system } = process.cpuUsage(sinceCpu);
    const cpuMs = (user + system) / 1000;
    const ms = performance.now() - sinceMs;
    if (cpuMs > HANGS_AFTER_CPU_MS || ms > HANGS_AFTER_MS)
      death.resolve(`no result within ${Math.round(cpuMs)} ms of CPU time, ${Math.round(ms)} ms in all`);
    const { rss } = process.memoryUsage();
    if (rss > MOST_RSS_BYTES) death.resolve(`${rss} bytes of memory`);
  }, CHECK_EVERY_MS);
  const cause = await death.promise;
  clearInterval(watchdog);
  await worker.terminate();
  const index = Atomics.load(progress, 0);
  if (cause !== undefined) findings.push({ index, what: cause });
  return { next: cause === undefined && findings.length < MOST_FINDINGS ? task.to : index + 1, accepted };
}
