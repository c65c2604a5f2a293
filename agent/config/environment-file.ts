import type { Environment } from "./environment.ts";

/** A file of environment variables as systemd reads it. */
export interface EnvironmentFile {
  readonly variables: Environment;
  /** Lines that systemd ignores although they look like the assignment of a variable. */
  readonly ignored: readonly IgnoredAssignment[];
}

export interface IgnoredAssignment {
  /** The name that was probably meant. */
  readonly name: string;
  /** From 1. */
  readonly line: number;
  /** Continues "systemd ignores it: …". */
  readonly reason: string;
}

/** systemd removes these characters around keys and values. */
const SPACE = /[ \t\r\n]/;
const LINE_END = /[\r\n]/;
/** In double quotes, a backslash before any other character is kept. */
const ESCAPED_IN_QUOTES = /["\\`$]/;
const VALID_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** systemd allows no other control characters in values. */
const FORBIDDEN_IN_VALUE = /(?![\t\n\u0080-\u009f])\p{Cc}/u;

type State =
  | "before key"
  | "key"
  | "before value"
  | "value"
  | "escape"
  | "single"
  | "double"
  | "double escape"
  | "comment"
  | "comment escape";

/**
 * Reads a file of `NAME=value` lines exactly as systemd reads an EnvironmentFile (systemd.exec(5)): quotes may be followed by
 * further text, a backslash at the end of a line continues it, `#` starts a comment only at the start of a line, and
 * spaces around an unquoted value are removed.
 */
export function readEnvironmentFile(text: string): EnvironmentFile {
  const variables = new Map<string, string>();
  const ignored: IgnoredAssignment[] = [];
  let state: State = "before key";
  let key = "";
  let value = "";
  /** Length of the value without the spaces at its end, which are removed; quoted and escaped ones are kept. */
  let kept = 0;
  let line = 1;
  let keyLine = 1;
  let afterContinuedComment = false;

  const assign = (): void => {
    const name = key.replace(/[ \t]+$/, "");
    const found = state === "value" ? value.slice(0, kept) : value;
    const reason = afterContinuedComment
      ? "the comment above it ends with a backslash, and older versions of systemd then ignore the next line: remove the backslash"
      : problemOf(name, found);
    if (reason === undefined) variables.set(name, found);
    else ignored.push({ name: meantName(name), line: keyLine, reason });
    reset();
  };
  const reset = (): void => {
    [state, key, value, kept, afterContinuedComment] = ["before key", "", "", 0, false];
  };
  const add = (character: string, isKept: boolean): void => {
    value += character;
    if (isKept) kept = value.length;
  };

  for (const character of text) {
    const isLineEnd = LINE_END.test(character);
    switch (state) {
      case "before key":
        if (character === "#" || character === ";") state = "comment";
        else if (!SPACE.test(character)) [state, key, keyLine] = ["key", character, line];
        break;
      case "key":
        if (isLineEnd) reset();
        else if (character === "=") state = "before value";
        else key += character;
        break;
      case "before value":
        if (isLineEnd) assign();
        else if (character === "'") state = "single";
        else if (character === '"') state = "double";
        else if (character === "\\") state = "escape";
        else if (!SPACE.test(character)) {
          state = "value";
          add(character, true);
        }
        break;
      case "value":
        if (isLineEnd) assign();
        else if (character === "\\") [state, kept] = ["escape", value.length];
        else add(character, !SPACE.test(character));
        break;
      case "escape":
        state = "value";
        if (!isLineEnd) add(character, true);
        break;
      case "single":
        if (character === "'") state = "before value";
        else add(character, true);
        break;
      case "double":
        if (character === '"') state = "before value";
        else if (character === "\\") state = "double escape";
        else add(character, true);
        break;
      case "double escape":
        state = "double";
        if (ESCAPED_IN_QUOTES.test(character)) add(character, true);
        else if (character !== "\n") add(`\\${character}`, true);
        break;
      case "comment":
        if (character === "\\") state = "comment escape";
        else if (isLineEnd) state = "before key";
        break;
      case "comment escape":
        state = isLineEnd ? "before key" : "comment";
        afterContinuedComment = isLineEnd;
        break;
    }
    if (character === "\n") line++;
  }
  if (state !== "before key" && state !== "key" && !state.startsWith("comment")) assign();
  return { variables: Object.fromEntries(variables), ignored };
}

function problemOf(name: string, value: string): string | undefined {
  if (/^export\s/.test(name)) return "remove the word export";
  if (name.startsWith("\ufeff")) return "save the file without a byte order mark";
  if (!VALID_NAME.test(name))
    return "a name contains only letters, digits and _, and does not start with a digit";
  return FORBIDDEN_IN_VALUE.test(value) ? "the value contains a control character" : undefined;
}

/** `export NAME` → `NAME` */
function meantName(name: string): string {
  return name.replace(/^.*[\s\ufeff]/s, "");
}
