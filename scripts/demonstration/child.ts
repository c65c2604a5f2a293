import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A process that is ended by its own id when its scope ends, whatever ended the scope. */
export interface Child extends AsyncDisposable {
  readonly name: string;
  /** Undefined where the program could not be started. */
  readonly pid: number | undefined;
  /** Resolves, never rejects, with how the process ended: "exit code 1", "signal SIGKILL", "spawn … ENOENT". */
  readonly ended: Promise<string>;
  /** What it wrote last on both outputs, oldest line first. */
  lastLines(): readonly string[];
  /** Asks it to end (SIGTERM), insists after ten seconds (SIGKILL), and waits until it has. */
  stop(): Promise<void>;
}

const KEPT_LINES = 30;
const INSIST_AFTER_MS = 10_000;

/**
 * Starts a program with nothing to read.
 * @param onLine called with every line of either output
 */
export function startChild(
  name: string,
  command: readonly [program: string, ...words: string[]],
  options: { readonly env?: NodeJS.ProcessEnv; readonly onLine?: (line: string) => void } = {},
): Child {
  const [program, ...words] = command;
  const child = spawn(program, words, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
    // A process group of its own: Ctrl-C reaches only this script, which then ends its children in order.
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
  const ended = howItEnds(child);
  const stop = () => endProcess(child, ended);
  return { name, pid: child.pid, ended, lastLines: () => lines, stop, [Symbol.asyncDispose]: stop };
}

function howItEnds(child: ChildProcess): Promise<string> {
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
    const insist = setTimeout(() => child.kill("SIGKILL"), INSIST_AFTER_MS);
    await once(child, "exit");
    clearTimeout(insist);
  }
  await ended;
}

/**
 * The first line that matches, as its match.
 * @throws Error when the process ends or `timeoutMs` passes before; it quotes what the process said
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
  const timer = setTimeout(() => tooLate.resolve(`no answer within ${timeoutMs / 1000} s`), timeoutMs);
  const outcome = await Promise.race([promise, child.ended, tooLate.promise]);
  clearTimeout(timer);
  if (typeof outcome !== "string") return { child, match: outcome };
  await child.stop();
  const said = child.lastLines().slice(-5).join("\n  ");
  throw new Error(`${child.name} did not start: ${outcome}${said === "" ? "" : `\n  ${said}`}`);
}
