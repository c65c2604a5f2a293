import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { median } from "../../../agent/base/numbers.ts";
import { processFigures } from "../../../tests/support/agent/process-figures.ts";
import { descendants, readProcesses } from "../pipeline/processes.ts";

/** What one agent costs more than another that does the same at the same time. */
export interface ExtraCost {
  /** Resident memory of the agent's process, 10⁶ bytes. */
  readonly memoryMb: number;
  /** CPU time of the agent and its decoders. */
  readonly cpuPercent: number;
}

/** CPU time is compared over windows of this length. */
const WINDOW_SECONDS = 20;

/**
 * Compares two agents over the same time, so that what else the machine does affects both.
 * @param seconds at least one window
 * @returns medians over the windows, and of samples of memory that are taken every second
 */
export async function extraCost(base: number, other: number, seconds: number): Promise<ExtraCost> {
  const memory: [number, number][] = [];
  const ratios: number[] = [];
  for (let window = 0; window < Math.max(1, Math.round(seconds / WINDOW_SECONDS)); window++) {
    const before = [cpuSeconds(base), cpuSeconds(other)] as const;
    for (let second = 0; second < WINDOW_SECONDS; second++) {
      await delay(1_000);
      memory.push([processFigures(base).rssMb, processFigures(other).rssMb]);
    }
    ratios.push((cpuSeconds(other) - before[1]) / (cpuSeconds(base) - before[0]));
  }
  return {
    memoryMb: median(memory.map(([, of]) => of)) - median(memory.map(([of]) => of)),
    cpuPercent: 100 * (median(ratios) - 1),
  };
}

function cpuSeconds(pid: number): number {
  return descendants(readProcesses(), [pid]).reduce((sum, process) => sum + process.cpuSeconds, 0);
}

const LISTENING = "0A";

/** The TCP ports on which a process listens (proc_pid_net(5)). */
export function listeningPorts(pid: number): number {
  const own = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      } catch {
        // It was closed after the folder was listed.
        return undefined;
      }
    }),
  );
  const [v4, v6] = ["tcp", "tcp6"].map((table) => readFileSync(`/proc/${pid}/net/${table}`, "utf8"));
  return `${v4}\n${v6}`
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === LISTENING && own.has(inode)).length;
}
