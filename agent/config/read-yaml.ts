import { type Document, LineCounter, parseDocument } from "yaml";
import { type ConfigProblem, InvalidConfig, MOST_PROBLEMS, quotable } from "./invalid-config.ts";
import { withMergedKeys } from "./merge-keys.ts";
import type { Problem } from "./problems.ts";
import { repeatedKeys } from "./repeated-keys.ts";
import { hiddenCharacters } from "./text-encoding.ts";
import { undefinedAliases } from "./undefined-aliases.ts";

/** The YAML library takes time that grows with the square of the number of lines. */
const MOST_LINES = 10_000;

/** A YAML file as it was written. */
export interface WrittenConfig {
  readonly document: Document;
  readonly lines: LineCounter;
  /** With merge keys applied, without `x-` blocks. */
  readonly asWritten: unknown;
  readonly mergeProblems: readonly Problem[];
}

/** Instead of the parser's messages, by their code. */
const MESSAGES: Readonly<Record<string, string>> = {
  NON_STRING_KEY: 'a key must be a string; put quotes around a {NAME} from the environment: "{NAME}"',
  MULTIPLE_DOCS:
    "a line --- begins a second document: remove it, and what does not belong to this configuration",
};

/** @throws InvalidConfig for invalid YAML, and for YAML that would exhaust memory or take minutes. */
export function readYaml(text: string, file: string): WrittenConfig {
  const lines = new LineCounter();
  const refuse = (message: string, offset: number): ConfigProblem => {
    const { line, col } = lines.linePos(offset);
    return {
      file,
      line: Math.max(1, line),
      column: Math.max(1, col),
      key: "",
      message: `not valid YAML: ${quotable(message)}`,
    };
  };
  if (text.split("\n", MOST_LINES + 1).length > MOST_LINES) {
    const message = `expected at most ${MOST_LINES} lines`;
    throw new InvalidConfig([{ file, line: MOST_LINES + 1, column: 1, key: "", message }]);
  }
  const hidden = hiddenCharacters(text).slice(0, MOST_PROBLEMS);
  if (hidden.length > 0) throw new InvalidConfig(hidden.map((problem) => ({ file, key: "", ...problem })));
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      stringKeys: true,
      uniqueKeys: false,
    });
    const broken = [
      ...document.errors,
      ...document.warnings,
      ...repeatedKeys(document),
      ...undefinedAliases(document),
    ];
    // The parser can only guess the meaning of invalid YAML, so further mistakes in it would be guesses too.
    if (broken.length > 0) {
      throw new InvalidConfig(
        broken
          .slice(0, MOST_PROBLEMS)
          .map(({ code, pos, message }) => refuse(MESSAGES[code] ?? unquoted(message), pos[0])),
      );
    }
    const mergeProblems: Problem[] = [];
    const merged = withMergedKeys(document.toJS(), (problem) => mergeProblems.push(problem));
    return { document, lines, asWritten: withoutExtensions(merged), mergeProblems };
  } catch (error) {
    // The parser throws ReferenceError for exponential aliases ("billion laughs"), RangeError for endless brackets.
    if (error instanceof ReferenceError) throw new InvalidConfig([refuse(unquoted(error.message), 0)]);
    if (error instanceof RangeError) throw new InvalidConfig([refuse("nested too deeply", 0)]);
    throw error;
  }
}

/** Removes the blocks at the top that only hold anchors for aliases: their names start with `x-`. */
function withoutExtensions(config: unknown): unknown {
  if (typeof config !== "object" || config === null || Array.isArray(config)) return config;
  return Object.fromEntries(Object.entries(config).filter(([key]) => !key.startsWith("x-")));
}

/** Removes quoted text from the parser's message: it may be part of a password without quotes. */
function unquoted(message: string): string {
  return message.replace(/(?<! ): .*$|(?<=^Unknown directive) .*$/s, "");
}
