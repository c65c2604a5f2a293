import { once } from "node:events";
import { availableParallelism } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Child } from "../../demonstration/child.ts";
import { listenToContestant } from "./contestant-messages.ts";
import type { Contestant } from "./contestants.ts";
import { type CountsByCamera, type FrameTotals, frameTotals } from "./frame-counts.ts";
import { descendants, type MachineTicks, readMachine, readProcesses } from "./processes.ts";
import type { Task } from "./start-agent.ts";
import { type Running, startContestant } from "./start-contestant.ts";

/** How long is waited and measured. */
export interface Durations {
  /** From everybody's first frame on: engines are still compiling then. */
  readonly settleSeconds: number;
  readonly seconds: number;
}

/** What one contestant was seen to do in a while. */
export interface Observation {
  readonly seconds: number;
  /** Processor time: of the programs themselves, and of the ffmpegs that they started. */
  readonly ownCpuSeconds: number;
  readonly childCpuSeconds: number;
  readonly totals: FrameTotals;
  readonly latenciesMs: readonly number[];
  /** Of all its processes at the end. */
  readonly rssBytes: number;
  /** How busy the whole machine was, cameras and broker included, 0..1. */
  readonly machineBusy: number;
}

const START_LIMIT_MS = 90_000;
/** A program that tells its figures every second is this late at the most, or stuck. */
const FIGURES_LIMIT_MS = 30_000;
/** Of what a program said last, quoted where it failed: a crash of Node has the reason above the stack. */
const SAID_LINES = 15;

/**
 * Starts a contestant, lets it settle, and watches it for a while.
 * @throws Error when it does not start, ends by itself or falls silent, and when the signal is aborted
 */
export async function measure(
  contestant: Contestant,
  task: Task,
  { settleSeconds, seconds }: Durations,
  signal: AbortSignal,
): Promise<Observation> {
  await using messages = await listenToContestant(task.brokerPort, task.prefix);
  await using running = startContestant(contestant, task);
  const failed = unexpectedEnd(running);
  const interrupted = once(signal, "abort").then(() => Promise.reject(new Error("interrupted")));
  const alive = <T>(promise: Promise<T>): Promise<T> => Promise.race([promise, failed, interrupted]);
  const nextCounts = async (): Promise<CountsByCamera> => {
    if (running.decoded !== undefined) return running.decoded();
    return await alive(
      within(FIGURES_LIMIT_MS, messages.nextCounts(), `${contestant.name} tells no figures`),
    );
  };
  const everybodyIsSeen = async () => {
    for (const deadlineMs = performance.now() + START_LIMIT_MS; performance.now() < deadlineMs; ) {
      const counts = await nextCounts();
      if (task.streams.every(({ name }) => (counts[name]?.seen ?? 0) > 0)) return;
      await alive(delay(200));
    }
    const said = running.children.flatMap((child) => child.lastLines().slice(-SAID_LINES)).join("\n  ");
    throw new Error(`no frame of every camera within ${START_LIMIT_MS / 1000} s\n  ${said}`);
  };

  await everybodyIsSeen();
  await alive(delay(settleSeconds * 1000));
  const before = snapshot(await nextCounts(), running);
  messages.takeLatencies();
  await alive(delay(seconds * 1000));
  const after = snapshot(await nextCounts(), running);

  const elapsed = (after.timeMs - before.timeMs) / 1000;
  // Plain decoding takes every frame there is, how many there should be is not known.
  const expected = running.decoded === undefined ? task.fps * elapsed : 0;
  return {
    seconds: elapsed,
    ownCpuSeconds: after.ownCpuSeconds - before.ownCpuSeconds,
    childCpuSeconds: after.childCpuSeconds - before.childCpuSeconds,
    totals: frameTotals(before.counts, after.counts, expected),
    latenciesMs: messages.takeLatencies(),
    rssBytes: after.rssBytes,
    machineBusy: busyBetween(before.machine, after.machine),
  };
}

/** Cores of the machine that anybody may use. */
export const cores = availableParallelism();

function snapshot(counts: CountsByCamera, { children }: Running) {
  const roots = children.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  const family = descendants(readProcesses(), roots);
  const sum = (figure: "cpuSeconds" | "rssBytes", isMeant: (pid: number) => boolean) =>
    family.filter(({ pid }) => isMeant(pid)).reduce((total, one) => total + one[figure], 0);
  return {
    timeMs: performance.now(),
    counts,
    ownCpuSeconds: sum("cpuSeconds", (pid) => roots.includes(pid)),
    childCpuSeconds: sum("cpuSeconds", (pid) => !roots.includes(pid)),
    rssBytes: sum("rssBytes", () => true),
    machine: readMachine(),
  };
}

function busyBetween(before: MachineTicks, after: MachineTicks): number {
  return (after.busy - before.busy) / (after.total - before.total);
}

async function unexpectedEnd({ children }: Running): Promise<never> {
  const ended = async (child: Child) => {
    const how = await child.ended;
    const said = child.lastLines().slice(-SAID_LINES).join("\n  ");
    return new Error(`${child.name} ended by itself (${how})\n  ${said}`);
  };
  throw await Promise.race(children.map(ended));
}

async function within<T>(limitMs: number, promise: Promise<T>, complaint: string): Promise<T> {
  const waiting = new AbortController();
  const tooLate = delay(limitMs, undefined, { signal: waiting.signal }).then(() => {
    throw new Error(`${complaint} for ${limitMs / 1000} s`);
  });
  tooLate.catch(() => {});
  return await Promise.race([promise, tooLate]).finally(() => waiting.abort());
}
