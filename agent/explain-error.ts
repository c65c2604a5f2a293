import { DetectorFault, ModelError } from "../detectors/detector.ts";
import { ConfigError, EXIT, TransientError, UsageError } from "./base/errors.ts";
import { plainLines, printed } from "./base/plain-text.ts";

/** Characters of a message: what it quotes may be of any length. */
const LONGEST = 50_000;

/** What a person reads when a command fails, and the exit code that tells scripts and systemd the same. */
export interface Explanation {
  readonly text: string;
  readonly exitCode: number;
}

/**
 * Turns an error into words that a terminal may show: what is wrong and the remedy; for a bug the stack, which is its best
 * report.
 */
export function explainError(error: unknown): Explanation {
  if (error instanceof ConfigError || error instanceof ModelError) {
    return { text: withRemedy(error), exitCode: EXIT.config };
  }
  if (error instanceof TransientError) return { text: withRemedy(error), exitCode: EXIT.transient };
  if (error instanceof DetectorFault) {
    const message = `the detector gives no answer: ${error.message}`;
    const remedy =
      "Is the machine busy with something else? Otherwise a smaller model, or the runtime v8, starts sooner.";
    return { text: withRemedy({ message, remedy }), exitCode: EXIT.transient };
  }
  if (error instanceof UsageError) return { text: withRemedy(error), exitCode: EXIT.usage };
  return {
    text: printed(`sabrewing: this is a bug, please report it with what follows\n${causes(error)}`, LONGEST),
    exitCode: EXIT.bug,
  };
}

function withRemedy({ message, remedy }: { readonly message: string; readonly remedy: string }): string {
  return printed(`sabrewing: ${plainLines(message, LONGEST)}\n  → ${plainLines(remedy, LONGEST)}`);
}

function causes(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause === undefined ? own : `${own}\ncaused by ${causes(error.cause)}`;
}
