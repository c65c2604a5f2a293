import { plainLines, plainText } from "../../detectors/detector.ts";

export { plainJson, plainLines, plainText } from "../../detectors/detector.ts";

/** How many characters a value may take. */
export interface ValueLimits {
  /** Of one text. */
  readonly text: number;
  /** Of all texts and keys together. */
  readonly all: number;
}

const MOST_ENTRIES = 200;
const DEEPEST = 10;

/**
 * A copy of a JSON value whose texts and keys may be shown, as by `plainLines`. Texts, lists and objects that are too long
 * are cut.
 */
export function plainValue(value: unknown, limits: ValueLimits): unknown {
  let left = limits.all;
  const text = (given: string, longest: number): string => {
    const shown = plainLines(given, Math.max(0, Math.min(longest, left)));
    left -= shown.length;
    return shown;
  };
  const copy = (given: unknown, depth: number): unknown => {
    if (typeof given === "string") return text(given, limits.text);
    if (typeof given !== "object" || given === null) return given;
    if (depth > DEEPEST || left <= 0) return "…";
    if (Array.isArray(given)) return given.slice(0, MOST_ENTRIES).map((entry) => copy(entry, depth + 1));
    const entries = Object.entries(given).slice(0, MOST_ENTRIES);
    return Object.fromEntries(
      entries.map(([key, entry]) => {
        left -= key.length;
        return [plainText(key), copy(entry, depth + 1)];
      }),
    );
  };
  return copy(value, 0);
}

/** A text for a terminal or another stream, with the line break that ends it. What an error quotes may be long: it is cut. */
export function printed(text: string, longest?: number): string {
  return `${plainLines(text, longest)}\n`;
}
