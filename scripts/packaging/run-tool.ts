import { spawnSync } from "node:child_process";

/** How a tool is run. */
export interface ToolOptions {
  readonly cwd?: string;
  /** Added to this process's own. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a program to its end.
 * @returns what it printed to its standard output
 * @throws Error with what it said when it is not there or fails
 */
export function runTool(program: string, words: readonly string[], { cwd, env }: ToolOptions = {}): string {
  const { error, status, stdout, stderr } = spawnSync(program, words, {
    cwd,
    env: { ...process.env, ...env },
    encoding: "utf8",
    maxBuffer: 64e6,
  });
  if (error) throw new Error(`${program} cannot be run (${error.message})`, { cause: error });
  if (status !== 0) throw new Error(`${program} ${words[0] ?? ""} failed (${status}):\n${stdout}${stderr}`);
  return stdout;
}
