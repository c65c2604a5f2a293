/** A place in a text that would be misread. */
export interface TextProblem {
  /** Of the first byte or character, from 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

const CONVERT = "save the file as UTF-8 in the editor";

/**
 * Decodes UTF-8, with or without a byte order mark.
 * @returns the text, or why it cannot be decoded. The message quotes nothing: the file may contain passwords.
 */
export function decodeText(bytes: Uint8Array): { readonly text: string } | { readonly problem: TextProblem } {
  const wide = wideEncoding(bytes);
  if (wide !== undefined) {
    const message = `expected UTF-8, received ${wide}: ${CONVERT}, or convert it: iconv -f ${wide} -t UTF-8 FILE > NEW_FILE`;
    return { problem: { line: 1, column: 1, message } };
  }
  try {
    // The decoder removes a byte order mark.
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    const { line, column } = endOf(validStart(bytes));
    const message = `expected UTF-8, received a character in another encoding, probably Latin-1: ${CONVERT}, or convert it: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW_FILE`;
    return { problem: { line, column, message } };
  }
}

/** Enough text to see that every second byte is zero. */
const LOOKED_AT_BYTES = 64;

/** UTF-16 or UTF-32, by the byte order mark, or by the zeros between Latin letters. */
function wideEncoding(bytes: Uint8Array): string | undefined {
  const [first, second, third, fourth] = bytes;
  if (first === 0xff && second === 0xfe) return third === 0 && fourth === 0 ? "UTF-32" : "UTF-16";
  if (first === 0xfe && second === 0xff) return "UTF-16";
  if (first === 0 && second === 0 && third === 0xfe && fourth === 0xff) return "UTF-32";
  const start = bytes.subarray(0, LOOKED_AT_BYTES & -2);
  const zeros = (offset: number) => start.filter((byte, at) => at % 2 === offset && byte === 0).length;
  const half = Math.floor(Math.min(start.length, bytes.length) / 2);
  if (half < 4) return undefined;
  if (zeros(1) > half / 2 && zeros(0) === 0) return "UTF-16LE";
  return zeros(0) > half / 2 && zeros(1) === 0 ? "UTF-16BE" : undefined;
}

/** The text before the first byte that is not UTF-8. */
function validStart(bytes: Uint8Array): string {
  // The decoder replaces each invalid byte; the file itself may contain the replacement character, too.
  const decoded = new TextDecoder("utf-8").decode(bytes);
  const encoder = new TextEncoder();
  for (let at = decoded.indexOf("\ufffd"); at >= 0; at = decoded.indexOf("\ufffd", at + 1)) {
    const before = decoded.slice(0, at);
    const start = encoder.encode(before).length + (hasMark(bytes) ? 3 : 0);
    const isWritten = bytes[start] === 0xef && bytes[start + 1] === 0xbf && bytes[start + 2] === 0xbd;
    if (!isWritten) return before;
  }
  return decoded;
}

function hasMark([first, second, third]: Uint8Array): boolean {
  return first === 0xef && second === 0xbb && third === 0xbf;
}

function endOf(text: string): { readonly line: number; readonly column: number } {
  const lines = text.split("\n");
  return { line: lines.length, column: (lines.at(-1) ?? "").length + 1 };
}

/** Characters that look like a space or like nothing. YAML reads them as letters. */
const LIKE_SPACES = /[\u00a0\u1680\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]/u;
/** YAML allows no other control characters than tab, line feed, carriage return and next line (YAML 1.2, 5.1). */
const CONTROL = /(?![\t\n\r\u0085])\p{Cc}|[\ufffe\uffff]/u;
/** Quoted text and comments may contain any character that YAML allows. */
const QUOTED = /"(?:\\.|[^"\\])*"|'(?:''|[^'])*'|(?<=^|[ \t])#.*$/g;

/**
 * Finds characters outside of quotes and comments that look like a space, and characters that YAML forbids.
 * @returns at most one problem per line
 */
export function hiddenCharacters(text: string): readonly TextProblem[] {
  return text.split("\n").flatMap((line, index): readonly TextProblem[] => {
    const bare = line.replace(QUOTED, (quoted) => "x".repeat(quoted.length));
    const found = CONTROL.exec(line) ?? LIKE_SPACES.exec(bare);
    if (found === null) return [];
    const place = { line: index + 1, column: found.index + 1 };
    const name = `U+${(found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
    if (CONTROL.test(found[0])) {
      return [{ ...place, message: `not valid YAML: delete the control character ${name}` }];
    }
    const what = found[0] === "\u00a0" ? "a non-breaking space" : "an invisible character";
    const isIndent = bare.slice(0, found.index).trim() === "";
    const remedy = isIndent
      ? "indent with spaces"
      : "replace it by a space, or put quotes around the text if it is part of it";
    return [{ ...place, message: `${what} (${name}), which YAML does not read as a space: ${remedy}` }];
  });
}
