/** Easily distinguished from each other, and from the greens and greys of gardens and streets. */
const COLOURS = [
  "#ffd400",
  "#00c8ff",
  "#ff5a36",
  "#7cff4f",
  "#ff4fd8",
  "#b18cff",
  "#ffa200",
  "#35ffc8",
] as const;

/** A colour (CSS `#rrggbb`) by index: neighbouring indices have different colours. */
export function colourAt(number: number): string {
  return COLOURS[number % COLOURS.length] ?? COLOURS[0];
}

/** A colour (CSS `#rrggbb`) that depends only on the name. */
export function colourOf(name: string): string {
  const hash = [...name].reduce((sum, character) => (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521, 7);
  return colourAt(hash);
}

/**
 * Black or white, depending on which has the higher contrast ratio to a colour (WCAG 2.2, 1.4.3).
 * @param colour CSS `#rrggbb`
 */
export function textColourOn(colour: string): "#000000" | "#ffffff" {
  const luminance = relativeLuminance(colour);
  return (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) ? "#000000" : "#ffffff";
}

/** WCAG 2.2, "relative luminance": 0 for black, 1 for white. */
function relativeLuminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const share = Number.parseInt(colour.slice(start, start + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
