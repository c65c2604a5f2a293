import { normalize } from "node:path";
import { DetectorFault, ModelError } from "../detectors/detector.ts";
import { withoutPossibleLogin } from "./base/address.ts";
import { ConfigError, EXIT, TransientError, UsageError } from "./base/errors.ts";
import { plainLines, plainText, printed } from "./base/plain-text.ts";

/** Longest message, in characters: it may quote text of any length. */
const LONGEST = 50_000;

/** The message for a person when a command fails, and the exit code for scripts and systemd. */
export interface Explanation {
  readonly text: string;
  readonly exitCode: number;
}

/**
 * Turns an error into text that is safe to show on a terminal: what is wrong and the remedy. For a bug it shows the stack,
 * which belongs in the report.
 * @param help refers to the help of the command, for bad usage
 */
export function explainError(error: unknown, help?: string): Explanation {
  if (error instanceof ConfigError || error instanceof ModelError) {
    return { text: withRemedy(error), exitCode: EXIT.config };
  }
  if (error instanceof TransientError) return { text: withRemedy(error), exitCode: EXIT.transient };
  if (error instanceof DetectorFault) {
    const message = `the detector does not answer: ${error.message}`;
    const remedy =
      "Check whether other programs keep the machine busy. A smaller model or the runtime v8 starts faster.";
    return { text: withRemedy({ message, remedy }), exitCode: EXIT.transient };
  }
  if (error instanceof UsageError) {
    const remedies = [error.remedy, help].filter((remedy) => remedy !== undefined);
    return { text: withRemedies(error.message, remedies), exitCode: EXIT.usage };
  }
  return {
    text: printed(
      `sabrewing: this is a bug, please report it with the lines below\n${causes(error)}`,
      LONGEST,
    ),
    exitCode: EXIT.bug,
  };
}

function withRemedy({ message, remedy }: { readonly message: string; readonly remedy: string }): string {
  return withRemedies(message, [remedy]);
}

function withRemedies(message: string, remedies: readonly string[]): string {
  const lines = [`sabrewing: ${message}`, ...remedies.map((remedy) => `  → ${remedy}`)];
  return printed(lines.map((line) => plainLines(line, LONGEST)).join("\n"));
}

function causes(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause === undefined ? own : `${own}\ncaused by ${causes(error.cause)}`;
}

/** Longest word that is shown, in characters. */
const LONGEST_WORD = 1000;

/**
 * Cleans the words of the command line that a text quotes: removes the login of what may be an address, even a mistyped one,
 * and puts each word on one line, since a file name may contain line breaks.
 */
export function withCleanWords(text: string, words: readonly string[]): string {
  const replaced = words.flatMap(valuesOf).flatMap((value) => {
    const shown = withoutPossibleLogin(value);
    if (shown === value && !/\p{Cc}/u.test(value)) return [];
    const clean = plainText(shown, LONGEST_WORD);
    // Joining paths turns // into /.
    return [value, plainLines(value), normalize(value)].map((quoted) => ({ quoted, clean }));
  });
  return replaced.reduce((all, { quoted, clean }) => all.replaceAll(quoted, () => clean), text);
}

/** `--model=FILE` and `-mFILE` are quoted whole or without the option. */
function valuesOf(word: string): readonly string[] {
  if (word.startsWith("--")) return [word, word.slice(word.indexOf("=") + 1)];
  return word.startsWith("-") ? [word, word.slice(2)] : [word];
}
