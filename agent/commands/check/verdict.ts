import { TransientError } from "../../base/errors.ts";
import { DEFAULT_CONFIG_FILES } from "../../config/load.ts";
import type { CheckResult } from "./finding.ts";

/** The circumstances of a check. */
export interface Checked {
  /** The file that was checked; undefined if there is none. */
  readonly file: string | undefined;
  /** Whether the agent runs with this configuration. */
  readonly isRunning: boolean;
}

/** The verdict of a check in one sentence: whether everything works, and what to do next. */
export function verdictOf(results: readonly CheckResult[], { file, isRunning }: Checked): string {
  const failed = results.filter(({ error }) => error !== undefined);
  const [first] = failed;
  if (first !== undefined) {
    if (first.part === "configuration") return "The agent cannot start: correct the configuration first.";
    const names = failed.map(({ part }) => part).join(", ");
    const verb = failed.length === 1 ? "does" : "do";
    const mayPass = failed.every(({ error }) => error instanceof TransientError);
    const next = mayPass
      ? "this may be temporary, and the agent retries"
      : `follow the ${failed.length === 1 ? "arrow" : "arrows"} above, then check again`;
    return `${failed.length} of ${results.length} components ${verb} not work (${names}): ${next}.`;
  }
  const advice = results.flatMap(({ finding }) => finding?.advice ?? []).length;
  const next = isRunning ? "and the agent is running" : `start the agent with ${startCommand(file)}`;
  if (advice === 0) return `Everything works${isRunning ? ", " : ": "}${next}.`;
  const marked = advice === 1 ? "the line marked with ! tells" : `${advice} lines marked with ! tell`;
  return `Everything works, but ${marked} what you should change; ${isRunning ? "the agent is running" : next}.`;
}

function startCommand(file: string | undefined): string {
  return file === DEFAULT_CONFIG_FILES[0]
    ? "sudo systemctl enable --now sabrewing"
    : `sabrewing run -c ${file}`;
}
