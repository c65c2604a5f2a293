const HIDDEN =
  /[\p{Cc}\u061C\u200B-\u200F\u2028-\u202E\u2060\u2066-\u2069\uFEFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/gu;

/**
 * Text from outside as one line that may be shown: control, direction and zero-width characters become U+FFFD.
 * @param longest the most UTF-16 units; a longer text is cut and ends with "…".
 */
export function plainText(text: string, longest = 200): string {
  const cut = text.length > longest ? `${text.slice(0, Math.max(0, longest - 1))}…` : text;
  return cut.replaceAll(HIDDEN, "\uFFFD");
}
