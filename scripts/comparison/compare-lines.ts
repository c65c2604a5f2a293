/** The result of comparing two outputs. */
export type Outcome =
  /** The equal part: a line, or the number of lines. */
  | { readonly same: string }
  /** The first line that differs, counted from 1. */
  | { readonly line: number; readonly before: string; readonly after: string }
  /** Materials that are not on this machine. */
  | { readonly missing: string }
  | { readonly failed: string };

/** Finds the first line in which two outputs differ. */
export function compareLines(before: string, after: string): Outcome {
  const [older, newer] = [before.split("\n"), after.split("\n")];
  for (let index = 0; index < Math.max(older.length, newer.length); index++) {
    const [was, is] = [older[index], newer[index]];
    if (was !== is) return { line: index + 1, before: was ?? "(nothing)", after: is ?? "(nothing)" };
  }
  return { same: older.length === 1 && before !== "" ? before : `${older.length - 1} lines` };
}
