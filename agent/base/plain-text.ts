import { plainLines, plainText } from "../../detectors/detector.ts";

export { plainJson, plainLines, plainText } from "../../detectors/detector.ts";

/** The most characters of a value. */
export interface ValueLimits {
  /** In one text. */
  readonly text: number;
  /** In all texts and keys together. */
  readonly all: number;
}

const MOST_ENTRIES = 200;
const DEEPEST = 10;

/**
 * Copies a JSON value and cleans its texts and keys for output, like `plainLines`. Long texts, lists and objects are cut.
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

/** A clean text for a terminal or another stream, with a final line break. Long texts are cut. */
export function printed(text: string, longest?: number): string {
  return `${plainLines(text, longest)}\n`;
}
