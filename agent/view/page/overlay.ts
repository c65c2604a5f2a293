import { layOutLabels, type Rectangle } from "./label-layout.ts";
import type { Box, CameraSetup, Corner, Sight } from "./protocol.ts";
import type { Trails } from "./trails.ts";

/** The layers over the video, which can be switched off. */
export const LAYERS = {
  objects: "Objects",
  trails: "Tracks",
  zones: "Zones",
  motion: "Motion",
  regions: "Regions",
};
export type Layer = keyof typeof LAYERS;

/** What to draw over one frame of a camera. */
export interface Moment {
  readonly setup: CameraSetup;
  /** undefined: no recent message. */
  readonly sight: Sight | undefined;
  readonly trails: Trails;
  readonly layers: ReadonlySet<Layer>;
}

const FONT_PX = 13;
const ZONE = "#7cc7ff";
const OCCUPIED = "#ffd84d";
const MASK = "rgba(10, 14, 13, 0.55)";
const MASK_RIM = "rgba(255, 255, 255, 0.5)";
const MOTION = "rgba(255, 106, 213, 0.9)";
const REGION = "rgba(255, 255, 255, 0.75)";

/**
 * Draws over the video, from the background to the foreground.
 * @param width of the video on the screen in CSS pixels; the context is scaled to them
 */
export function drawMoment(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  { setup, sight, trails, layers }: Moment,
): void {
  context.clearRect(0, 0, width, height);
  context.font = `600 ${FONT_PX}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  context.lineJoin = "round";
  const toScreen = ([x1, y1, x2, y2]: Box): Rectangle => {
    const [sx, sy] = [width / (sight?.width ?? 1), height / (sight?.height ?? 1)];
    return { x: x1 * sx, y: y1 * sy, width: (x2 - x1) * sx, height: (y2 - y1) * sy };
  };
  const path = (corners: readonly Corner[]) => {
    context.beginPath();
    for (const [x, y] of corners) context.lineTo(x * width, y * height);
  };

  if (layers.has("zones")) {
    context.fillStyle = MASK;
    for (const mask of [...setup.motionMasks, ...setup.objectMasks]) {
      path(mask);
      context.closePath();
      context.fill();
      strokeOnce(context, MASK_RIM, [4, 4]);
    }
    const occupied = new Set(sight?.objects.filter(({ sure }) => sure).flatMap(({ zones }) => zones));
    for (const { name, corners } of setup.zones) {
      path(corners);
      context.closePath();
      drawZone(context, name, corners, occupied.has(name), width, height);
    }
  }
  if (sight === undefined) return;

  if (layers.has("regions")) {
    for (const region of sight.regions) {
      outline(context, toScreen(region));
      strokeOnce(context, REGION, [2, 4]);
    }
  }
  if (layers.has("motion")) {
    for (const box of sight.motion) {
      outline(context, toScreen(box));
      strokeOnce(context, MOTION, []);
    }
  }
  if (layers.has("trails")) {
    for (const { track, colour } of sight.objects) {
      path(trails.get(track) ?? []);
      strokeTwice(context, colour, 2);
    }
  }
  if (layers.has("objects")) drawObjects(context, sight, toScreen, width);
}

function drawObjects(
  context: CanvasRenderingContext2D,
  { objects }: Sight,
  toScreen: (box: Box) => Rectangle,
  width: number,
): void {
  const drawn = objects
    .toSorted((a, b) => Number(b.sure) - Number(a.sure) || b.score - a.score)
    .map((object) => {
      const full = `${object.label} ${Math.round(object.score * 100)} %${object.still ? " still" : ""}`;
      const text = fitted(context, full, width - 10);
      const label = { width: context.measureText(text).width + 10, height: FONT_PX + 6 };
      return { ...object, text, box: toScreen(object.box), ...label };
    });
  for (const { box, colour, sure } of drawn) {
    outline(context, box);
    context.setLineDash(sure ? [] : [6, 4]);
    strokeTwice(context, colour, 2);
    context.setLineDash([]);
  }
  // An object that is not certain has no label, since the label would flicker.
  const labelled = drawn.filter(({ sure }) => sure);
  const positions = layOutLabels(labelled, width);
  labelled.forEach(({ text, colour, ink }, index) => {
    const position = positions[index];
    if (position === undefined) return;
    context.fillStyle = colour;
    context.beginPath();
    context.roundRect(position.x, position.y, position.width, position.height, 3);
    context.fill();
    context.fillStyle = ink;
    context.fillText(text, position.x + 5, position.y + position.height / 2 + 0.5);
  });
}

function drawZone(
  context: CanvasRenderingContext2D,
  name: string,
  corners: readonly Corner[],
  isOccupied: boolean,
  width: number,
  height: number,
): void {
  const colour = isOccupied ? OCCUPIED : ZONE;
  context.globalAlpha = isOccupied ? 0.22 : 0.1;
  context.fillStyle = colour;
  context.fill();
  context.globalAlpha = 1;
  strokeTwice(context, colour, 1.5);
  // At the lowest corner, where people stand; of several, at the left one, which leaves space for the text.
  const [x, y] = corners.reduce(
    (best, [x, y]) => (y > best[1] || (y === best[1] && x < best[0]) ? [x, y] : best),
    [0, 0],
  );
  const text = fitted(context, name, width - 12);
  const left = Math.min(x * width + 6, width - context.measureText(text).width - 6);
  context.strokeStyle = "rgba(0, 0, 0, 0.7)";
  context.lineWidth = 3;
  context.strokeText(text, left, y * height - FONT_PX);
  context.fillStyle = colour;
  context.fillText(text, left, y * height - FONT_PX);
}

/** The text, shortened to this width if it is longer. */
function fitted(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let length = text.length;
  while (length > 1 && context.measureText(`${text.slice(0, length)}…`).width > width) length--;
  return `${text.slice(0, length)}…`;
}

/** Draws a line with a dark rim, which is visible on any image. */
function strokeTwice(context: CanvasRenderingContext2D, colour: string, lineWidth: number): void {
  context.strokeStyle = "rgba(0, 0, 0, 0.55)";
  context.lineWidth = lineWidth + 2;
  context.stroke();
  context.strokeStyle = colour;
  context.lineWidth = lineWidth;
  context.stroke();
}

/** Draws a thin line for less important things. */
function strokeOnce(context: CanvasRenderingContext2D, colour: string, dashes: readonly number[]): void {
  context.setLineDash([...dashes]);
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.stroke();
  context.setLineDash([]);
}

function outline(context: CanvasRenderingContext2D, { x, y, width, height }: Rectangle): void {
  context.beginPath();
  context.roundRect(x, y, width, height, 3);
}
