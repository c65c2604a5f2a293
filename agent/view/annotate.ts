import sharp from "sharp";
import type { Box } from "../../detectors/detector.ts";
import type { Picture } from "../preprocess/letterbox.ts";

/** One thing to point out in a picture. */
export interface Mark {
  /** Pixels of the picture. */
  readonly box: Box;
  readonly label: string;
  /** 0..1 */
  readonly score: number;
  /** CSS `#rrggbb`. Default: always the same one for the same label. */
  readonly color?: string;
}

/** Far from one another, and from the greens and greys of gardens and streets. */
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

/**
 * Draws boxes with labels into a picture: crisp lines with a dark rim, dark text on a plate of the box's colour, so
 * that both can be read on any background.
 * @returns a JPEG.
 */
export async function annotate(picture: Picture, marks: readonly Mark[]): Promise<Buffer> {
  const { width, height, pixels } = picture;
  const drawing = Buffer.from(drawMarks(width, height, marks));
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .composite([{ input: drawing }])
    .jpeg({ quality: 88, chromaSubsampling: "4:4:4" })
    .toBuffer();
}

/** The boxes as an SVG of the picture's size, transparent elsewhere. */
export function drawMarks(width: number, height: number, marks: readonly Mark[]): string {
  const side = Math.min(width, height);
  const line = Math.max(2, Math.round(side / 240));
  const fontPx = Math.max(12, Math.round(side / 36));
  // The best score is drawn last: on top.
  const drawn = marks
    .toSorted((a, b) => a.score - b.score)
    .map((mark) => drawMark(mark, width, line, fontPx));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${drawn.join("")}</svg>`;
}

/** DejaVu Sans Mono, which Debian's ffmpeg brings along: every character is this wide, in parts of the font's size. */
const CHARACTER_WIDTH = 0.602;

function drawMark({ box, label, score, color }: Mark, width: number, line: number, fontPx: number): string {
  const colour = color ?? colourOf(label);
  // Whole and half pixels: a line between two pixels is smeared over both.
  const [x1, y1, x2, y2] = box.map((edge) => Math.round(edge) + (line % 2) / 2);
  if (x1 === undefined || y1 === undefined || x2 === undefined || y2 === undefined) return "";
  const rect = `x="${x1}" y="${y1}" width="${Math.max(1, x2 - x1)}" height="${Math.max(1, y2 - y1)}" fill="none"`;

  const text = `${label} ${score.toFixed(2)}`;
  const plateWidth = Math.ceil(text.length * CHARACTER_WIDTH * fontPx + fontPx * 0.6);
  const plateHeight = Math.ceil(fontPx * 1.35);
  const left = Math.max(0, Math.min(Math.round(x1 - line / 2), width - plateWidth));
  const above = Math.round(y1 - plateHeight);
  const top = above >= 0 ? above : Math.max(0, Math.round(y1));
  const font = `font-family="DejaVu Sans Mono, monospace" font-weight="bold" font-size="${fontPx}"`;
  return [
    `<rect ${rect} stroke="#000000" stroke-opacity="0.6" stroke-width="${line + 2}"/>`,
    `<rect ${rect} stroke="${colour}" stroke-width="${line}"/>`,
    `<rect x="${left}" y="${top}" width="${plateWidth}" height="${plateHeight}" fill="${colour}"/>`,
    `<text x="${left + fontPx * 0.3}" y="${top + fontPx}" ${font} fill="#000000">${escapeXml(text)}</text>`,
  ].join("");
}

function colourOf(label: string): string {
  const hash = [...label].reduce(
    (sum, character) => (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521,
    7,
  );
  return COLOURS[hash % COLOURS.length] ?? COLOURS[0];
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
