import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A child process that is stopped at the end of its scope. */
export interface Child extends AsyncDisposable {
  readonly name: string;
  /** Undefined when the program could not be started. */
  readonly pid: number | undefined;
  /** Resolves with how the process ended: "exit code 1", "signal SIGKILL", "spawn … ENOENT". Never rejects. */
  readonly ended: Promise<string>;
  /** The last lines of standard output and standard error, oldest first. */
  lastLines(): readonly string[];
  /** Sends SIGTERM, after ten seconds SIGKILL, and waits until the process has ended. */
  stop(): Promise<void>;
}

const KEPT_LINES = 30;
const KILL_AFTER_MS = 10_000;

/**
 * Starts a program without standard input.
 * @param onLine called with every line of standard output and standard error
 */
export function startChild(
  name: string,
  command: readonly [program: string, ...args: string[]],
  options: { readonly env?: NodeJS.ProcessEnv; readonly onLine?: (line: string) => void } = {},
): Child {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
    // In its own process group, so that Ctrl-C reaches only this script, which then stops its children.
    detached: true,
  });
  const lines: string[] = [];
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output }).on("line", (line) => {
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
      options.onLine?.(line);
    });
  }
  const ended = outcomeOf(child);
  const stop = () => endProcess(child, ended);
  return { name, pid: child.pid, ended, lastLines: () => lines, stop, [Symbol.asyncDispose]: stop };
}

function outcomeOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) =>
      resolve(signal === null ? `exit code ${code}` : `signal ${signal}`),
    );
  });
}

async function endProcess(child: ChildProcess, ended: Promise<string>): Promise<void> {
  if (child.pid === undefined) return;
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS);
    await once(child, "exit");
    clearTimeout(timer);
  }
  await ended;
}

/**
 * Starts a process and waits for the first line that matches a pattern.
 * @throws Error with the process's output when it ends or `timeoutMs` passes before
 */
export async function lineFrom(
  start: (onLine: (line: string) => void) => Child,
  pattern: RegExp,
  timeoutMs: number,
): Promise<{ readonly child: Child; readonly match: RegExpExecArray }> {
  const { promise, resolve } = Promise.withResolvers<RegExpExecArray>();
  const child = start((line) => {
    const match = pattern.exec(line);
    if (match !== null) resolve(match);
  });
  const tooLate = Promise.withResolvers<string>();
  const timer = setTimeout(() => tooLate.resolve(`no output within ${timeoutMs / 1000} s`), timeoutMs);
  const outcome = await Promise.race([promise, child.ended, tooLate.promise]);
  clearTimeout(timer);
  if (typeof outcome !== "string") return { child, match: outcome };
  await child.stop();
  const said = child.lastLines().slice(-5).join("\n  ");
  throw new Error(`${child.name} did not start: ${outcome}${said === "" ? "" : `\n  ${said}`}`);
}
