import type { Box } from "../../detectors/detector.ts";
import { colourOf, textColourOn } from "./colours.ts";
import { type LabelPosition, placeLabels } from "./place-labels.ts";
import { drawText, textWidth } from "./text.ts";

/** One thing to point out in a picture. */
export interface Mark {
  /** Pixels of the picture. */
  readonly box: Box;
  readonly label: string;
  /** 0..1 */
  readonly score: number;
  /** Said behind the score. */
  readonly note?: string;
  /** CSS `#rrggbb`. Default: always the same one for the same label. */
  readonly color?: string;
  /** Drawn with gaps: not certain. */
  readonly dashed?: boolean;
}

interface Sizes {
  readonly linePx: number;
  readonly fontPx: number;
}

/** A line and letters that look alike in pictures of any size. */
function sizesFor(width: number, height: number): Sizes {
  const side = Math.min(width, height);
  return { linePx: Math.max(2, Math.round(side / 240)), fontPx: Math.max(12, Math.round(side / 42)) };
}

/** The boxes as an SVG of the picture's size, transparent elsewhere. */
export function drawMarks(width: number, height: number, marks: readonly Mark[]): string {
  const drawn = marksInto(width, height, marks);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${drawn}</svg>`;
}

/**
 * The boxes as a piece of SVG for a drawing of the picture's size. Boxes are crisp and have a dark rim, labels stand on
 * a plate of the box's colour: both can be read on any background. Labels keep clear of one another; what is surest
 * lies on top.
 */
export function marksInto(width: number, height: number, marks: readonly Mark[]): string {
  const sizes = sizesFor(width, height);
  const surestFirst = marks.toSorted((a, b) => b.score - a.score);
  const labels = surestFirst.map((mark) => ({ box: mark.box, ...plateSize(mark, sizes) }));
  const places = placeLabels(labels, { width, height });
  const boxes = surestFirst.map((mark) => drawBox(mark, sizes)).reverse();
  const plates = surestFirst.map((mark, index) => drawPlate(mark, places[index], sizes)).reverse();
  return [...boxes, ...plates].join("");
}

function drawBox({ box, label, color, dashed }: Mark, { linePx }: Sizes): string {
  // Whole and half pixels: a line between two pixels is smeared over both.
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

function drawPlate(mark: Mark, place: LabelPosition | undefined, sizes: Sizes): string {
  if (place === undefined) return "";
  const { left, top } = place;
  const { width, height } = plateSize(mark, sizes);
  const { fontPx } = sizes;
  const colour = mark.color ?? colourOf(mark.label);
  return [
    drawLeader(mark.box, [left, top, left + width, top + height], colour, sizes),
    `<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="${colour}"/>`,
    // A hair of dark keeps two plates of one colour apart.
    `<rect x="${left + 0.5}" y="${top + 0.5}" width="${width - 1}" height="${height - 1}" fill="none" stroke="#000000" stroke-opacity="0.5"/>`,
    drawText(left + fontPx * 0.25, top + Math.round(fontPx * 1.0), textOf(mark), {
      fontPx,
      fill: textColourOn(colour),
    }),
  ].join("");
}

/** A line from a label that found no room at its box down to the box. */
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
