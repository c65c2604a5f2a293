import { type ChildProcess, fork } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseProcessStat } from "../../../scripts/benchmark/pipeline/processes.ts";
import { temporaryFolder } from "../base/temporary-folder.ts";
import type { Finding, FuzzTask } from "./fuzz-child.ts";

export type { Finding } from "./fuzz-child.ts";

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

/** The mutants that one process was fed. */
interface Stretch {
  readonly accepted: number;
  readonly findings: readonly Finding[];
  /** The mutant that ended the process, and how; undefined after the last mutant. */
  readonly end: Finding | undefined;
}

/** Limit of the process's CPU time per input, which does not depend on other load. */
const HANGS_AFTER_CPU_S = 40;
/** Limit of wall-clock time, for a mutant that hangs without computing. */
const HANGS_AFTER_S = 300;
const CHECK_EVERY_MS = 500;
/** Limit of the JavaScript heap. `MOST_RSS_BYTES` limits all memory. */
const HEAP_MB = 512;
const MOST_RSS_BYTES = 3 * 2 ** 30;
const MOST_FINDINGS = 10;
const MOST_ERROR_TEXT = 2_000;

const CHILD = fileURLToPath(new URL("./fuzz-child.ts", import.meta.url));

/**
 * Feeds a target with mutants in a process of its own. Findings are crashes, hangs, an exhausted heap, too much other
 * memory, and undocumented errors. After a finding that ends the process, a new one continues with the next mutant.
 *
 * A mutant that ended the process is fed once more, and counts if it ends the process again: V8's WebAssembly code, with
 * which Node reads TypeScript, crashes by itself now and then as threads come and go (nodejs/node#64500).
 * @param target a key of TARGETS
 */
export async function fuzz(target: string, seed: number, { from, to }: Range): Promise<FuzzResult> {
  const findings: Finding[] = [];
  let accepted = 0;
  let next = from;
  let suspect: number | undefined;
  while (next < to && findings.length < MOST_FINDINGS) {
    const stretch = await feedProcess({ target, seed, from: next, to });
    findings.push(...stretch.findings);
    accepted += stretch.accepted;
    const { end } = stretch;
    if (end === undefined) next = to;
    else if (end.index === suspect) {
      findings.push(end);
      next = end.index + 1;
    } else next = end.index;
    suspect = end?.index;
  }
  return { inputs: next - from, accepted, findings };
}

async function feedProcess(task: Omit<FuzzTask, "progress">): Promise<Stretch> {
  await using folder = await temporaryFolder();
  const progress = join(folder.path, "progress");
  writeFileSync(progress, Int32Array.of(task.from, 0));
  const child = fork(CHILD, [], {
    execArgv: [...process.execArgv, `--max-old-space-size=${HEAP_MB}`],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const findings: Finding[] = [];
  child.on("message", (finding: Finding) => {
    findings.push(finding);
    if (findings.length >= MOST_FINDINGS) child.kill("SIGKILL");
  });
  child.send({ ...task, progress });
  const cause = await causeOfEnd(child, () => readProgress(progress).index);
  const { index, accepted } = readProgress(progress);
  return { accepted, findings, end: index === task.to ? undefined : { index, what: cause } };
}

function readProgress(file: string): { readonly index: number; readonly accepted: number } {
  const bytes = readFileSync(file);
  return { index: bytes.readInt32LE(0), accepted: bytes.readInt32LE(4) };
}

/** Waits for the end of the process, which it causes if a mutant hangs or takes too much memory. */
async function causeOfEnd(child: ChildProcess, current: () => number): Promise<string> {
  let errors = "";
  child.stderr?.on("data", (text) => (errors = `${errors}${text}`.slice(-MOST_ERROR_TEXT)));
  let excess: string | undefined;
  let seen = { index: -1, sinceMs: 0, sinceCpu: 0 };
  const watchdog = setInterval(() => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const { cpuSeconds, rssBytes } = parseProcessStat(readFileSync(`/proc/${child.pid}/stat`, "utf8"));
    const [index, nowMs] = [current(), performance.now()];
    if (index !== seen.index) seen = { index, sinceMs: nowMs, sinceCpu: cpuSeconds };
    const cpu = cpuSeconds - seen.sinceCpu;
    const seconds = (nowMs - seen.sinceMs) / 1000;
    if (cpu > HANGS_AFTER_CPU_S || seconds > HANGS_AFTER_S)
      excess ??= `no result within ${Math.round(cpu)} s of CPU time, ${Math.round(seconds)} s in all`;
    if (rssBytes > MOST_RSS_BYTES) excess ??= `${rssBytes} bytes of memory`;
    if (excess !== undefined) child.kill("SIGKILL");
  }, CHECK_EVERY_MS);
  const { promise, resolve } = Promise.withResolvers<string>();
  child.once("close", (code, signal) => resolve(`the process ended: ${signal ?? `exit ${code}`}`));
  try {
    const end = await promise;
    return excess ?? `${end}\n${errors}`;
  } finally {
    clearInterval(watchdog);
  }
}
