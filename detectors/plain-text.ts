/**
 * Characters that are not shown as themselves: controls (C0, DEL, C1), formatting characters (direction, zero width, tags,
 * byte order mark), line and paragraph separators, halves of surrogate pairs, code points that are no characters, and
 * everything else that Unicode lets a renderer ignore. The one variation selector behind an emoji stays, the fifth combining mark on a letter goes.
 */
const HIDDEN =
  /(?:[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Noncharacter_Code_Point}]|(?!(?<=\p{Emoji})\uFE0F)\p{Default_Ignorable_Code_Point}|(?<=\p{M}{4})\p{M})+/gu;
const REPLACEMENT = "\uFFFD";
const LONGEST = 200;

/**
 * Text from outside as one line that may be shown: on a terminal, in a log or on a page. Each run of characters that
 * steer a terminal, turn the direction of writing around or are invisible becomes one U+FFFD, line breaks included.
 * @param longest the most characters (code points); a longer text is cut and ends with "…".
 */
export function plainText(text: string, longest = LONGEST): string {
  // A code point takes two UTF-16 units at most: a text of 20 MB is not searched to its end.
  const start = text.slice(0, 2 * (longest + 1));
  const characters = Array.from(start.replaceAll(HIDDEN, REPLACEMENT));
  if (start.length === text.length && characters.length <= longest) return characters.join("");
  return `${characters.slice(0, Math.max(0, longest - 1)).join("")}…`;
}

/** Whether a value is a text of 1 to `longest` characters that `plainText` would show as it is, and not only white space. */
export function isPlainText(value: unknown, longest: number): boolean {
  return typeof value === "string" && value.trim() !== "" && plainText(value, longest) === value;
}

/** As `plainText`, but line breaks stay and a tab becomes a space: for a text of several lines. */
export function plainLines(text: string, longest = Number.POSITIVE_INFINITY): string {
  const isCut = text.length > longest;
  const lines = (isCut ? text.slice(0, longest) : text).replaceAll("\t", " ").split(/\r?\n/);
  return `${lines.map((line) => line.replaceAll(HIDDEN, REPLACEMENT)).join("\n")}${isCut ? "…" : ""}`;
}

/** JSON with `\u…` for every character that `plainText` replaces: the same data, and safe to show. */
export function plainJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(HIDDEN, (run) => {
    const units = Array.from({ length: run.length }, (_, index) => run.charCodeAt(index));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}
