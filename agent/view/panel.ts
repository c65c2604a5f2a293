import type { Size } from "../base/box.ts";
import { colourOf } from "./colours.ts";
import { OUTLINE_COLOURS } from "./outlines.ts";
import type { EventLine, Scene } from "./scene.ts";
import { charactersIn, drawText, textWidth } from "./text.ts";

const EVENT_LINES = 3;
/** Status, events, legend. */
const LINES = EVENT_LINES + 2;
const LINE_HEIGHT = 1.5;
const MARGIN = 8;

/** The largest font size at which a status line of about a hundred letters fits. */
export function panelFontPx({ width }: Size): number {
  return Math.max(11, Math.round(width / 68));
}

/** Pixels; even, since H.264 halves the resolution of colours. */
export function panelHeight(frame: Size): number {
  return 2 * Math.ceil((panelFontPx(frame) * LINE_HEIGHT * LINES + MARGIN) / 2);
}

/** Draws the panel below the frame, where it hides no part of the frame. */
export function drawPanel({ size, status, events }: Scene): string {
  const fontPx = panelFontPx(size);
  const lineHeight = fontPx * LINE_HEIGHT;
  const most = charactersIn(size.width - 2 * MARGIN, fontPx);
  const line = (index: number, text: string, fill: string, opacity = 1) => {
    const baseline = Math.round(size.height + MARGIN / 2 + lineHeight * (index + 0.75));
    const shown = text.length <= most ? text : `${text.slice(0, most - 1)}…`;
    return `<g opacity="${opacity}">${drawText(MARGIN, baseline, shown, { fontPx, fill })}</g>`;
  };
  return [
    `<rect x="0" y="${size.height}" width="${size.width}" height="${panelHeight(size)}" fill="#14171c"/>`,
    line(0, status, "#ffffff"),
    ...events
      .slice(0, EVENT_LINES)
      .map(({ text, colour }: EventLine, age) => line(1 + age, text, colour, 1 - age * 0.22)),
    drawLegend(size, fontPx, Math.round(size.height + MARGIN / 2 + lineHeight * (LINES - 0.25))),
  ].join("");
}

/** Explains the shapes. */
function drawLegend({ width }: Size, fontPx: number, baseline: number): string {
  const side = Math.round(fontPx * 0.8);
  const rect = (style: string) => (x: number) =>
    `<rect x="${x + 0.5}" y="${baseline - side + 0.5}" width="${side * 1.5}" height="${side}" fill="none" ${style}/>`;
  const object = colourOf("person");
  const entries = [
    ["motion", rect(`stroke="${OUTLINE_COLOURS.motion}" stroke-width="2" stroke-dasharray="5 3"`)],
    [
      "region",
      (x: number) => {
        const y = baseline - side;
        const corners = `M${x} ${y + 4}V${y}H${x + 5}M${x + side * 1.5} ${y + side - 4}V${y + side}H${x + side * 1.5 - 5}`;
        return `<path d="${corners}" fill="none" stroke="${OUTLINE_COLOURS.region}" stroke-width="2"/>`;
      },
    ],
    ["object", rect(`stroke="${object}" stroke-width="2"`)],
    ["unconfirmed or missed", rect(`stroke="${object}" stroke-width="2" stroke-dasharray="4 3"`)],
    ["mask", rect(`stroke="#ffffff" stroke-width="1" fill-opacity="1" style="fill:url(#motion-mask)"`)],
  ] as const;
  let x = MARGIN;
  const drawn: string[] = [];
  for (const [name, symbol] of entries) {
    const textLeft = x + side * 1.5 + fontPx * 0.4;
    const next = textLeft + textWidth(name, fontPx * 0.9) + fontPx * 1.2;
    if (next > width) break;
    drawn.push(symbol(x), drawText(textLeft, baseline, name, { fontPx: fontPx * 0.9, fill: "#aab2bd" }));
    x = Math.round(next);
  }
  return drawn.join("");
}
