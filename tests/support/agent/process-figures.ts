import { readdirSync, readFileSync } from "node:fs";

/** Resources of a process (proc(5)). */
export interface ProcessFigures {
  /** Resident memory without that of its children, 10⁶ bytes. */
  readonly rssMb: number;
  readonly fileDescriptors: number;
  /** Without the threads of libvips, which exist only during work. */
  readonly threads: number;
  readonly children: number;
}

/** Reads the resources of a process of this machine (Linux). */
export function processFigures(pid: number): ProcessFigures {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  const threads = readdirSync(`/proc/${pid}/task`);
  const children = threads.flatMap((thread) => childrenOf(pid, thread));
  return {
    rssMb: (Number(kib) * 1024) / 1e6,
    fileDescriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: threads.filter((thread) => !nameOf(pid, thread).startsWith("libvips")).length,
    children: children.length,
  };
}

function childrenOf(pid: number, thread: string): readonly string[] {
  return readOfThread(pid, thread, "children").split(" ").filter(Boolean);
}

function nameOf(pid: number, thread: string): string {
  return readOfThread(pid, thread, "comm");
}

/** Empty when the thread has ended since it was listed. */
function readOfThread(pid: number, thread: string, file: "children" | "comm"): string {
  try {
    return readFileSync(`/proc/${pid}/task/${thread}/${file}`, "utf8");
  } catch {
    return "";
  }
}

/** The most memory that a process has held so far, resident. 10⁶ bytes; 0 where it has ended. */
export function peakMemory(pid: number): number {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return (Number(kib ?? 0) * 1024) / 1e6;
  } catch {
    return 0;
  }
}

const LOOK_EVERY_MS = 25;

/** Watches the children of a process until it is disposed of: how much the largest of them took, resident. */
export function largestChild(pid: number, names: readonly string[]): Disposable & { peakMb(): number } {
  let peakMb = 0;
  const timer = setInterval(() => {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) => childrenOf(pid, thread));
    for (const child of children) {
      // A child that has yet to become its program counts as its parent.
      if (!names.includes(nameOf(Number(child), child).trim())) continue;
      peakMb = Math.max(peakMb, peakMemory(Number(child)));
    }
  }, LOOK_EVERY_MS);
  return {
    peakMb: () => peakMb,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
