import { TransientError } from "../../base/errors.ts";
import type { CheckResult } from "./finding.ts";

/** The circumstances of a check. */
export interface Checked {
  /** The command that starts the agent with the configuration. */
  readonly start: string;
  /** Whether the agent runs with this configuration. */
  readonly isRunning: boolean;
}

/**
 * The verdict of a check in one sentence: whether everything works, and what to do next.
 * @param checked undefined: the configuration has mistakes, and nothing else was tried
 */
export function verdictOf(results: readonly CheckResult[], checked: Checked | undefined): string {
  if (checked === undefined) return "The agent cannot start: correct the configuration first.";
  const { start, isRunning } = checked;
  const failed = results.filter(({ error }) => error !== undefined);
  if (failed.length > 0) {
    const names = failed.map(({ part }) => part).join(", ");
    const verb = failed.length === 1 ? "does" : "do";
    const mayPass = failed.every(({ error }) => error instanceof TransientError);
    const next = mayPass
      ? "this may be temporary, and the agent retries"
      : `follow the ${failed.length === 1 ? "arrow" : "arrows"} above, then check again`;
    return `${failed.length} of ${results.length} components ${verb} not work (${names}): ${next}.`;
  }
  const advice = results.flatMap(({ finding }) => finding?.advice ?? []).length;
  const next = isRunning ? "and the agent is running" : `start the agent with ${start}`;
  if (advice === 0) return `Everything works${isRunning ? ", " : ": "}${next}.`;
  const marked = advice === 1 ? "the line marked with ! says" : `${advice} lines marked with ! say`;
  return `Everything works, but ${marked} what you should change; ${isRunning ? "the agent is running" : next}.`;
}
