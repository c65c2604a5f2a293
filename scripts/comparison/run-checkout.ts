import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const MOST_OUTPUT_BYTES = 1 << 28;

/**
 * Runs a command of the agent in a checkout of the project.
 * @returns its standard output
 * @throws Error with its standard error if its exit code is not 0
 */
export async function runCheckout(checkout: string, args: readonly string[]): Promise<string> {
  const command = [join(checkout, "agent/main.ts"), ...args];
  const options = { cwd: checkout, maxBuffer: MOST_OUTPUT_BYTES };
  const run = promisify(execFile)(process.execPath, command, options);
  const { stdout } = await run.catch(({ stderr, message }: Error & { stderr?: string }) => {
    throw new Error(`${args[0]} failed: ${stderr?.trim() || message}`);
  });
  return stdout;
}
