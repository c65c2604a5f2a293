import { readdirSync, readFileSync } from "node:fs";

/** Figures of one process (proc_pid_stat(5)). */
export interface ProcessFigures {
  readonly pid: number;
  readonly parent: number;
  /** CPU time of the process and of its children that have ended, in seconds. */
  readonly cpuSeconds: number;
  /** Resident memory in bytes. */
  readonly rssBytes: number;
}

/** Linux reports CPU time in ticks of 1/100 s (`getconf CLK_TCK`). */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** Reads the content of /proc/PID/stat. */
export function parseProcessStat(text: string): ProcessFigures {
  // The name is in parentheses and may contain any character, including parentheses and spaces.
  const afterName = text.lastIndexOf(")") + 2;
  const field = (number: number): number => Number(fields[number - 3]);
  const fields = text.slice(afterName).split(" ");
  const [utime, stime, cutime, cstime] = [field(14), field(15), field(16), field(17)];
  return {
    pid: Number.parseInt(text, 10),
    parent: field(4),
    cpuSeconds: (utime + stime + cutime + cstime) / TICKS_PER_SECOND,
    rssBytes: field(24) * PAGE_BYTES,
  };
}

/** These processes and their descendants. */
export function descendants(
  all: readonly ProcessFigures[],
  roots: readonly number[],
): readonly ProcessFigures[] {
  const family = new Set(roots);
  for (let grown = -1; grown !== family.size; ) {
    grown = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  return all.filter(({ pid }) => family.has(pid));
}

/** All processes of the machine. */
export function readProcesses(): readonly ProcessFigures[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [parseProcessStat(readFileSync(`/proc/${pid}/stat`, "utf8"))];
      } catch {
        // It ended after the folder was listed.
        return [];
      }
    });
}

/** CPU time of the whole machine since its start, in ticks of all cores together. */
export interface MachineTicks {
  readonly busy: number;
  readonly total: number;
}

/** Reads the content of /proc/stat (proc_stat(5)): user, nice, system, idle, iowait, irq, softirq, steal. */
export function parseMachineStat(text: string): MachineTicks {
  const ticks = (/^cpu +(.*)$/m.exec(text)?.[1] ?? "").split(" ").slice(0, 8).map(Number);
  const total = ticks.reduce((sum, tick) => sum + tick, 0);
  const [idle = 0, ioWait = 0] = ticks.slice(3);
  return { busy: total - idle - ioWait, total };
}

/** CPU time of the whole machine until now. */
export function readMachine(): MachineTicks {
  return parseMachineStat(readFileSync("/proc/stat", "utf8"));
}
