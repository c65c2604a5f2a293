import type { BannedPhrase } from "./banned-wording.ts";

/** What begins or ends a line of a comment, of a list or of a string in several pieces, and is no part of its sentence. */
const LINE_START = /^\s*(?:\/\*\*?|\*\/|\*(?!\*)|\/\/|#|>|<!--)?\s*["'`]?/;
const LINE_END = /["'`]?(?:\s*\+|,)?\s*$/;

/**
 * Finds banned phrases in a text, also where a phrase continues on the next line of a comment or of a string in pieces.
 * Upper and lower case are the same, except in patterns with capitals.
 * @returns `12: phrase (why)` for each occurrence, with its line
 */
export function findPhrases(text: string, phrases: readonly BannedPhrase[]): string[] {
  const starts: number[] = [];
  let joined = "";
  for (const line of text.split("\n")) {
    starts.push(joined.length);
    joined += `${line.replace(LINE_START, "").replace(LINE_END, "")} `;
  }
  const flat = joined.replaceAll("\t", " ");
  return phrases.flatMap(({ pattern, why }) => {
    const flags = /[A-Z]/.test(pattern.source) ? "g" : "gi";
    // Indentation inside a line stays, so that positions stay: a space in a pattern stands for any number of them.
    const spaced = new RegExp(pattern.source.replaceAll(" ", " +"), flags);
    return [...flat.matchAll(spaced)].map(({ 0: found, index }) => {
      const line = starts.findLastIndex((start) => start <= index) + 1;
      return `${line}: ${found} (${why})`;
    });
  });
}
