import type { Box, Size } from "../base/box.ts";
import type { Polygon } from "../base/polygon.ts";
import { colourOf, textColourOn } from "./colours.ts";
import { drawText, textWidth } from "./text.ts";

/** One colour for each meaning. The shapes differ too, for people who cannot distinguish red and green. */
export const OUTLINE_COLOURS = { motion: "#ff6a5e", region: "#5dff6a", mask: "#ffffff" } as const;

/** Draws a dashed rectangle around motion. */
export function drawMotion([x1, y1, x2, y2]: Box): string {
  const rect = `x="${pixel(x1)}" y="${pixel(y1)}" width="${Math.max(1, Math.round(x2 - x1))}" height="${Math.max(1, Math.round(y2 - y1))}" fill="none"`;
  return [
    `<rect ${rect} stroke="#000000" stroke-opacity="0.6" stroke-width="3"/>`,
    `<rect ${rect} stroke="${OUTLINE_COLOURS.motion}" stroke-width="2" stroke-dasharray="5 3"/>`,
  ].join("");
}

/** Draws the four corners of a region. */
export function drawRegion([x1, y1, x2, y2]: Box, { width, height }: Size): string {
  // At the edge of the frame, half of the line would be outside.
  const [left, top] = [Math.max(2, pixel(x1)), Math.max(2, pixel(y1))];
  const [right, bottom] = [Math.min(width - 2, pixel(x2)), Math.min(height - 2, pixel(y2))];
  const arm = Math.max(6, Math.round(Math.min(right - left, bottom - top) / 8));
  const path = [
    `M${left} ${top + arm}V${top}H${left + arm}`,
    `M${right - arm} ${top}H${right}V${top + arm}`,
    `M${right} ${bottom - arm}V${bottom}H${right - arm}`,
    `M${left + arm} ${bottom}H${left}V${bottom - arm}`,
  ].join("");
  return [
    `<path d="${path}" fill="none" stroke="#000000" stroke-opacity="0.65" stroke-width="5"/>`,
    `<path d="${path}" fill="none" stroke="${OUTLINE_COLOURS.region}" stroke-width="2.5"/>`,
  ].join("");
}

/** Draws a zone's outline and name, filled while an object is in it. */
export function drawZone(
  name: string,
  polygon: Polygon,
  isOccupied: boolean,
  size: Size,
  fontPx: number,
): string {
  const colour = colourOf(`zone ${name}`);
  const points = pointsOf(polygon, size);
  const [x, y] = namePosition(polygon, size, textWidth(name, fontPx) + 6, fontPx);
  return [
    `<polygon points="${points}" fill="${colour}" fill-opacity="${isOccupied ? 0.28 : 0.06}" stroke="#000000" stroke-opacity="0.6" stroke-width="4"/>`,
    `<polygon points="${points}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    `<rect x="${x}" y="${y}" width="${Math.ceil(textWidth(name, fontPx) + 6)}" height="${Math.ceil(fontPx * 1.3)}" fill="${colour}" rx="3"/>`,
    drawText(x + 3, y + fontPx, name, { fontPx, fill: textColourOn(colour) }),
  ].join("");
}

/** Draws a hatched mask. The direction of the hatching shows the kind of mask. */
export function drawMask(polygon: Polygon, size: Size, kind: "motion" | "object"): string {
  const points = pointsOf(polygon, size);
  return [
    `<polygon points="${points}" fill="url(#${kind}-mask)" stroke="#000000" stroke-opacity="0.7" stroke-width="3"/>`,
    `<polygon points="${points}" fill="none" stroke="${OUTLINE_COLOURS.mask}" stroke-opacity="0.8" stroke-width="1"/>`,
  ].join("");
}

/** The patterns for `drawMask`; needed once per drawing. */
export const MASK_PATTERNS = `<defs>${hatch("motion-mask", 45)}${hatch("object-mask", -45)}</defs>`;

function hatch(id: string, degrees: number): string {
  const stripe = (x: number, colour: string, opacity: number) =>
    `<rect x="${x}" y="0" width="1.5" height="8" fill="${colour}" fill-opacity="${opacity}"/>`;
  return [
    `<pattern id="${id}" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(${degrees})">`,
    `<rect width="8" height="8" fill="#000000" fill-opacity="0.25"/>`,
    `${stripe(0, "#000000", 0.7)}${stripe(1.5, "#ffffff", 0.7)}</pattern>`,
  ].join("");
}

/** Aligned to the centre of a pixel, since a line between two pixels would be blurred. */
function pixel(edge: number): number {
  return Math.round(edge) + 0.5;
}

function pointsOf(polygon: Polygon, { width, height }: Size): string {
  return polygon.map(([x, y]) => `${(x * width).toFixed(1)},${(y * height).toFixed(1)}`).join(" ");
}

/** Inside the zone at its lower left corner, where the name rarely covers a person. */
function namePosition(polygon: Polygon, { width, height }: Size, textPx: number, fontPx: number) {
  const bottom = Math.max(...polygon.map(([, y]) => y));
  const left = Math.min(...polygon.filter(([, y]) => y > bottom - 0.05).map(([x]) => x));
  const plateHeight = fontPx * 1.3;
  const x = Math.max(2, Math.min(left * width + 4, width - textPx - 2));
  const y = Math.max(2, Math.min(bottom * height, height) - plateHeight - 4);
  return [Math.round(x), Math.round(y)] as const;
}
