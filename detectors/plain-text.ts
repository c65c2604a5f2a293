/**
 * Characters that are replaced: controls (C0, DEL, C1), formatting characters (direction, zero width, tags, byte order
 * mark), line and paragraph separators, unpaired surrogates, noncharacters and everything else that Unicode lets a renderer
 * ignore, such as the Hangul fillers; and the blank braille pattern U+2800. The variation selector U+FE0F after a pictograph
 * is kept. A letter keeps at most four combining marks.
 */
const HIDDEN =
  /(?:[\u2800\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Noncharacter_Code_Point}]|(?!(?<=\p{Extended_Pictographic})\uFE0F)\p{Default_Ignorable_Code_Point}|(?<=\p{M}{4})\p{M})+/gu;
const REPLACEMENT = "\uFFFD";
const DEFAULT_LIMIT = 200;

/**
 * Makes one line of untrusted text safe to show on a terminal, in a log or on a page. Each run of characters that control
 * a terminal, change the text direction or are invisible becomes one U+FFFD. So do line breaks.
 * @param limit the maximum of characters (code points); longer text is cut and ends with "…".
 */
export function plainText(text: string, limit = DEFAULT_LIMIT): string {
  // A code point takes at most two UTF-16 units. The slice keeps a text of 20 MB from being searched to its end.
  const start = text.slice(0, 2 * (limit + 1));
  const characters = Array.from(start.replaceAll(HIDDEN, REPLACEMENT));
  if (start.length === text.length && characters.length <= limit) return characters.join("");
  return `${characters.slice(0, Math.max(0, limit - 1)).join("")}…`;
}

/**
 * Whether a value is a string of 1 to `limit` characters that `plainText` leaves unchanged, without white space at its start
 * and end: it would look like another string.
 */
export function isPlainText(value: unknown, limit: number): boolean {
  return (
    typeof value === "string" && value !== "" && value.trim() === value && plainText(value, limit) === value
  );
}

/** Like `plainText`, but for several lines: it keeps line breaks, and a tab becomes a space. */
export function plainLines(text: string, limit = Number.POSITIVE_INFINITY): string {
  const isCut = text.length > limit;
  const lines = (isCut ? text.slice(0, limit) : text).replaceAll("\t", " ").split(/\r?\n/);
  return `${lines.map((line) => line.replaceAll(HIDDEN, REPLACEMENT)).join("\n")}${isCut ? "…" : ""}`;
}

/** JSON with `\u…` for every character that `plainText` replaces: the same data, and safe to show. */
export function plainJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(HIDDEN, (run) => {
    const units = Array.from({ length: run.length }, (_, index) => run.charCodeAt(index));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}
