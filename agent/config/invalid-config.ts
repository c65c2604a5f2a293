import { withoutCredentials } from "../base/address.ts";
import { ConfigError } from "../base/errors.ts";
import { plainText } from "../base/plain-text.ts";
import { manualFile } from "../program-folder.ts";

/** Longest message, in characters. */
export const LONGEST_MESSAGE = 1000;
/** Maximum number of mistakes that are shown, and that are collected. */
const MOST_SHOWN = 100;
export const MOST_PROBLEMS = 1000;

/** A mistake and its position. */
export interface ConfigProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `cameras.door.detect.fps`; empty for the whole file. */
  readonly key: string;
  readonly message: string;
}

/** A configuration with mistakes: all, or the first thousand. */
export class InvalidConfig extends ConfigError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.slice(0, MOST_SHOWN).map(({ file, line, column, key, message }) => {
      return `  ${plainText(file, LONGEST_MESSAGE)}:${line}:${column}: ${key === "" ? "" : `${key}: `}${message}`;
    });
    const count =
      problems.length === 1
        ? "1 mistake"
        : `${problems.length} mistakes${problems.length < MOST_PROBLEMS ? "" : " or more"}`;
    const more = problems.length - lines.length;
    super(
      `${count} in the configuration\n${lines.join("\n")}${more > 0 ? `\n  … and ${more} more` : ""}`,
      `Correct these lines. ${manualFile()} explains every key.`,
    );
    this.problems = problems;
  }
}

/** Sanitises text that a message quotes from a configuration, which may come from outside. */
export function quotable(text: string, longest = LONGEST_MESSAGE): string {
  return plainText(withoutCredentials(text), longest);
}
