import { element, svgElement } from "./element.ts";
import type { PastEventDetails, PastEventSummary } from "./history-protocol.ts";

/** A position in the frame: shares of its width and height. */
type Share = readonly [x: number, y: number];

const SIZE = 1000;

/** Draws the track of an event as a small sketch, for a list. */
export function trackSketch({ path, box }: PastEventSummary): SVGSVGElement {
  const svg = drawing("sketch");
  svg.append(...boxLines(box), ...trackLines(path.map(([x, y]) => [x / SIZE, y / SIZE])));
  return svg;
}

/**
 * Draws the zones, the track and the box of an event over its picture. Names are HTML elements: text in the drawing would be
 * stretched with it.
 */
export function eventDrawing({
  label,
  score,
  box,
  track,
  zones,
  outlines,
}: PastEventDetails): readonly Element[] {
  const svg = drawing("overlay");
  for (const { name, corners } of outlines) {
    const points = pointsText(corners);
    svg.append(svgElement("polygon", { points, class: zones.includes(name) ? "area entered" : "area" }));
  }
  svg.append(...boxLines(box));
  svg.append(
    ...trackLines(track.map(([, x1, , x2, y2]) => [(x1 + x2) / 2 / SIZE, Math.min(0.995, y2 / SIZE)])),
  );
  const names = outlines.map(({ name, corners }) => {
    const [x, y] = lowestCorner(corners);
    return placed(element("span", { class: "area-name", text: name }), x, y);
  });
  const tag = element("span", { class: "box-name", text: `${label} ${Math.round(score * 100)} %` });
  return [svg, ...names, placed(tag, box[0] / SIZE, box[1] / SIZE)];
}

function drawing(name: string): SVGSVGElement {
  return svgElement("svg", {
    viewBox: `0 0 ${SIZE} ${SIZE}`,
    preserveAspectRatio: "none",
    class: name,
    "aria-hidden": "true",
  });
}

function boxLines([x1, y1, x2, y2]: PastEventSummary["box"]): readonly SVGElement[] {
  const at = { x: String(x1), y: String(y1), width: String(x2 - x1), height: String(y2 - y1) };
  return ["rim", "line"].map((part) => svgElement("rect", { ...at, class: `box ${part}` }));
}

/** A line with a dark rim, a ring at its start and a dot at its end. */
function trackLines(points: readonly Share[]): readonly SVGElement[] {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return [];
  const line = { points: pointsText(points) };
  // A line of length zero with round caps stays round when the drawing is stretched.
  const dot = ([x, y]: Share, part: string) =>
    svgElement("path", { d: `M${x * SIZE} ${y * SIZE}h0`, class: `dot-mark ${part}` });
  return [
    svgElement("polyline", { ...line, class: "track rim" }),
    svgElement("polyline", { ...line, class: "track line" }),
    dot(first, "rim"),
    dot(first, "start"),
    dot(last, "rim"),
    dot(last, "end"),
  ];
}

function pointsText(points: readonly Share[]): string {
  return points.map(([x, y]) => `${Math.round(x * SIZE)},${Math.round(y * SIZE)}`).join(" ");
}

/** The lowest corner; of several the left one, which leaves space for the name. */
function lowestCorner(corners: readonly Share[]): Share {
  return corners.reduce<Share>(
    (best, [x, y]) => (y > best[1] || (y === best[1] && x < best[0]) ? [x, y] : best),
    [0, 0],
  );
}

/** Places a name at a point; one that would leave the frame on the right is moved to the left of the point. */
function placed(name: HTMLElement, x: number, y: number): HTMLElement {
  name.classList.toggle("to-left", x > 0.7);
  name.classList.toggle("inside", y < 0.08);
  name.style.left = `${Math.min(1, Math.max(0, x)) * 100}%`;
  name.style.top = `${Math.min(1, Math.max(0, y)) * 100}%`;
  return name;
}
