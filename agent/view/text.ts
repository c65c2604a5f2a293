import { plainText } from "../base/plain-text.ts";

/** DejaVu Sans Mono, which Debian's ffmpeg brings along: every character is this wide, in parts of the font's size. */
const CHARACTER_WIDTH = 0.602;
const FONT = `font-family="DejaVu Sans Mono, monospace" font-weight="bold"`;

/** Pixels that a text takes in a line. */
export function textWidth(text: string, fontPx: number): number {
  return text.length * CHARACTER_WIDTH * fontPx;
}

/** How many characters fit into a width. */
export function charactersIn(width: number, fontPx: number): number {
  return Math.max(0, Math.floor(width / (CHARACTER_WIDTH * fontPx)));
}

export interface TextStyle {
  readonly fontPx: number;
  /** CSS colour. */
  readonly fill: string;
}

/** Characters of a line; more do not fit into any picture. */
const LONGEST_LINE = 500;

/** A line of text as SVG, without characters that XML cannot hold; `baseline` is the y on which its letters stand. */
export function drawText(left: number, baseline: number, text: string, { fontPx, fill }: TextStyle): string {
  const place = `x="${left}" y="${baseline}" font-size="${fontPx}" fill="${fill}"`;
  return `<text ${place} ${FONT} xml:space="preserve">${escapeXml(plainText(text, LONGEST_LINE))}</text>`;
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
