import type { Box } from "../base/box.ts";
import { colourOf, textColourOn } from "./colours.ts";
import { type LabelPosition, placeLabels } from "./place-labels.ts";
import { drawText, textWidth } from "./text.ts";

/** A box with a label to draw into an image. */
export interface Mark {
  /** Pixels. */
  readonly box: Box;
  readonly label: string;
  /** 0..1 */
  readonly score: number;
  /** Shown after the score. */
  readonly note?: string;
  /** CSS `#rrggbb`. Default: depends on the label. */
  readonly color?: string;
  /** For objects that are not certain. */
  readonly dashed?: boolean;
}

interface Sizes {
  readonly linePx: number;
  readonly fontPx: number;
}

/** Scales lines and letters with the image. */
function sizesFor(width: number, height: number): Sizes {
  const side = Math.min(width, height);
  return { linePx: Math.max(2, Math.round(side / 240)), fontPx: Math.max(12, Math.round(side / 42)) };
}

/** Draws the marks as a transparent SVG of the image's size. */
export function drawMarks(width: number, height: number, marks: readonly Mark[]): string {
  const drawn = marksInto(width, height, marks);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${drawn}</svg>`;
}

/**
 * Draws the marks as SVG elements for a drawing of the image's size. Boxes have a dark rim and labels a background of the
 * box's colour, so that both are visible on any image. Labels do not overlap; higher scores are drawn on top.
 */
export function marksInto(width: number, height: number, marks: readonly Mark[]): string {
  const sizes = sizesFor(width, height);
  const byScore = marks.toSorted((a, b) => b.score - a.score);
  const labels = byScore.map((mark) => ({ box: mark.box, ...plateSize(mark, sizes) }));
  const positions = placeLabels(labels, { width, height });
  const boxes = byScore.map((mark) => drawBox(mark, sizes)).reverse();
  const plates = byScore.map((mark, index) => drawPlate(mark, positions[index], sizes)).reverse();
  return [...boxes, ...plates].join("");
}

function drawBox({ box, label, color, dashed }: Mark, { linePx }: Sizes): string {
  // Aligned to pixels, since a line between two pixels would be blurred.
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = box.map((edge) => Math.round(edge) + (linePx % 2) / 2);
  const size = `width="${Math.max(1, x2 - x1)}" height="${Math.max(1, y2 - y1)}"`;
  const rect = `x="${x1}" y="${y1}" ${size} fill="none"`;
  const gaps = dashed === true ? ` stroke-dasharray="${linePx * 3} ${linePx * 2}"` : "";
  return [
    `<rect ${rect} stroke="#000000" stroke-opacity="0.65" stroke-width="${linePx + 2}"/>`,
    `<rect ${rect} stroke="${color ?? colourOf(label)}" stroke-width="${linePx}"${gaps}/>`,
  ].join("");
}

function textOf({ label, score, note }: Mark): string {
  return [label, score.toFixed(2), ...(note === undefined ? [] : [note])].join(" ");
}

function plateSize(mark: Mark, { fontPx }: Sizes) {
  return {
    width: Math.ceil(textWidth(textOf(mark), fontPx) + fontPx * 0.5),
    height: Math.ceil(fontPx * 1.3),
  };
}

function drawPlate(mark: Mark, position: LabelPosition | undefined, sizes: Sizes): string {
  if (position === undefined) return "";
  const { left, top } = position;
  const { width, height } = plateSize(mark, sizes);
  const { fontPx } = sizes;
  const colour = mark.color ?? colourOf(mark.label);
  return [
    drawLeader(mark.box, [left, top, left + width, top + height], colour, sizes),
    `<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="${colour}"/>`,
    // A thin dark rim separates plates of the same colour.
    `<rect x="${left + 0.5}" y="${top + 0.5}" width="${width - 1}" height="${height - 1}" fill="none" stroke="#000000" stroke-opacity="0.5"/>`,
    drawText(left + fontPx * 0.25, top + Math.round(fontPx * 1.0), textOf(mark), {
      fontPx,
      fill: textColourOn(colour),
    }),
  ].join("");
}

/** Connects a label to its box if the two do not touch. */
function drawLeader(box: Box, plate: Box, colour: string, { linePx }: Sizes): string {
  const gap = Math.round(box[1]) - plate[3];
  if (gap <= linePx) return "";
  const x = Math.round(Math.max(box[0], plate[0])) + linePx / 2;
  const line = `x1="${x}" y1="${plate[3]}" x2="${x}" y2="${Math.round(box[1])}"`;
  return [
    `<line ${line} stroke="#000000" stroke-opacity="0.65" stroke-width="${linePx + 2}"/>`,
    `<line ${line} stroke="${colour}" stroke-width="${linePx}"/>`,
  ].join("");
}
