import { plainText } from "../base/plain-text.ts";

/** Width of a character relative to the font size. Debian's ffmpeg depends on this font, DejaVu Sans Mono. */
const CHARACTER_WIDTH = 0.602;
const FONT = `font-family="DejaVu Sans Mono, monospace" font-weight="bold"`;

/** Width of a line of text in pixels. */
export function textWidth(text: string, fontPx: number): number {
  return text.length * CHARACTER_WIDTH * fontPx;
}

/** The number of characters that fit into a width. */
export function charactersIn(width: number, fontPx: number): number {
  return Math.max(0, Math.floor(width / (CHARACTER_WIDTH * fontPx)));
}

export interface TextStyle {
  readonly fontPx: number;
  /** CSS colour. */
  readonly fill: string;
}

/** Characters. Longer lines do not fit into any frame. */
const LONGEST_LINE = 500;

/** Draws a line of text as SVG, without characters that XML does not allow. @param baseline its y coordinate */
export function drawText(left: number, baseline: number, text: string, { fontPx, fill }: TextStyle): string {
  const attributes = `x="${left}" y="${baseline}" font-size="${fontPx}" fill="${fill}"`;
  return `<text ${attributes} ${FONT} xml:space="preserve">${escapeXml(plainText(text, LONGEST_LINE))}</text>`;
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
