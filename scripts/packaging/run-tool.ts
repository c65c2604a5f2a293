import { spawnSync } from "node:child_process";

/** Options of a tool's process. */
export interface ToolOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a program until it exits.
 * @returns its standard output
 * @throws Error with its output when it is missing or fails
 */
export function runTool(program: string, args: readonly string[], { cwd, env }: ToolOptions = {}): string {
  const { error, status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: "utf8",
    maxBuffer: 64e6,
  });
  if (error) throw new Error(`${program} cannot be run (${error.message})`, { cause: error });
  if (status !== 0) throw new Error(`${program} ${args[0] ?? ""} failed (${status}):\n${stdout}${stderr}`);
  return stdout;
}
