import { Worker } from "node:worker_threads";
import type { FuzzMessage, FuzzTask } from "./fuzz-worker.ts";

/** A mutant that brought out something undocumented. `fuzz(target, seed, {from: index, to: index + 1})` repeats it. */
export interface Finding {
  readonly index: number;
  readonly what: string;
}

/** What came of feeding a target. */
export interface FuzzResult {
  readonly inputs: number;
  /** How many of them were let in: neither none nor all, or the mutants are too wild or too tame. */
  readonly accepted: number;
  readonly findings: readonly Finding[];
}

/** Which mutants. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Of the whole process's CPU time: long for any of these inputs, and no other process's load counts. */
const HANGS_AFTER_CPU_MS = 40_000;
/** On the clock, where a mutant is waited for that computes nothing. */
const HANGS_AFTER_MS = 300_000;
const LOOK_EVERY_MS = 500;
/** Of JavaScript's heap; what lies outside it is held by `MOST_RSS_BYTES`. */
const HEAP_MB = 512;
const MOST_RSS_BYTES = 3 * 2 ** 30;
const MOST_FINDINGS = 10;

const WORKER = new URL("./fuzz-worker.ts", import.meta.url);

/**
 * Feeds a target with mutants in a thread of its own. A hang, an exhausted heap, too much other memory and every
 * undocumented error is a finding; the thread is started again behind the mutant that ended it.
 * @param target a key of TARGETS.
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
  worker.on("error", (error) => death.resolve(`it ended the thread: ${error.stack ?? error}`));
  worker.on("exit", () => death.resolve("it ended the thread"));

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
      death.resolve(`no answer within ${Math.round(cpuMs)} ms of CPU time, ${Math.round(ms)} ms in all`);
    const { rss } = process.memoryUsage();
    if (rss > MOST_RSS_BYTES) death.resolve(`${rss} bytes of memory`);
  }, LOOK_EVERY_MS);
  const cause = await death.promise;
  clearInterval(watchdog);
  await worker.terminate();
  const index = Atomics.load(progress, 0);
  if (cause !== undefined) findings.push({ index, what: cause });
  return { next: cause === undefined && findings.length < MOST_FINDINGS ? task.to : index + 1, accepted };
}
