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

/** How long to wait and to measure. */
export interface Durations {
  /** Time after the first frame of every camera: engines still compile then. */
  readonly settleSeconds: number;
  readonly seconds: number;
}

/** The figures of one contestant in a period. */
export interface Observation {
  readonly seconds: number;
  /** CPU time of the programs, and of the ffmpeg processes that they started. */
  readonly ownCpuSeconds: number;
  readonly childCpuSeconds: number;
  readonly totals: FrameTotals;
  readonly latenciesMs: readonly number[];
  /** Memory of all its processes at the end. */
  readonly rssBytes: number;
  /** CPU utilisation of the whole machine, including cameras and broker, 0..1. */
  readonly machineBusy: number;
}

const START_LIMIT_MS = 90_000;
/** Contestants publish figures every second; one that is later than this is stuck. */
const FIGURES_LIMIT_MS = 30_000;
/** Lines of a failed program's output to quote: Node prints the reason of a crash above the stack. */
const QUOTED_LINES = 15;

/**
 * Starts a contestant, lets it settle, and measures it.
 * @param atEnd called at the end of the measurement, before the contestant is stopped
 * @throws Error when it does not start, exits or stops publishing figures, and when the signal is aborted
 */
export async function measure(
  contestant: Contestant,
  task: Task,
  { settleSeconds, seconds }: Durations,
  signal: AbortSignal,
  atEnd = () => {},
): Promise<Observation> {
  await using messages = await listenToContestant(task.brokerPort, task.prefix);
  await using running = startContestant(contestant, task);
  const failed = unexpectedEnd(running);
  const interrupted = once(signal, "abort").then(() => Promise.reject(new Error("interrupted")));
  const alive = <T>(promise: Promise<T>): Promise<T> => Promise.race([promise, failed, interrupted]);
  const nextCounts = async (): Promise<CountsByCamera> => {
    if (running.decoded !== undefined) return running.decoded();
    return await alive(
      within(FIGURES_LIMIT_MS, messages.nextCounts(), `${contestant.name} published no figures`),
    );
  };
  const everyCameraIsSeen = async () => {
    for (const deadlineMs = performance.now() + START_LIMIT_MS; performance.now() < deadlineMs; ) {
      const counts = await nextCounts();
      if (task.streams.every(({ name }) => (counts[name]?.seen ?? 0) > 0)) return;
      await alive(delay(200));
    }
    const said = running.children.flatMap((child) => child.lastLines().slice(-QUOTED_LINES)).join("\n  ");
    throw new Error(`no frame of every camera within ${START_LIMIT_MS / 1000} s\n  ${said}`);
  };

  await everyCameraIsSeen();
  await alive(delay(settleSeconds * 1000));
  const before = snapshot(await nextCounts(), running);
  messages.takeLatencies();
  await alive(delay(seconds * 1000));
  const after = snapshot(await nextCounts(), running);
  atEnd();

  const elapsed = (after.timeMs - before.timeMs) / 1000;
  // ffmpeg decodes every frame at the stream's rate, so the expected number is unknown.
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

/** Cores that this process may use. */
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
    const said = child.lastLines().slice(-QUOTED_LINES).join("\n  ");
    return new Error(`${child.name} ended unexpectedly (${how})\n  ${said}`);
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
