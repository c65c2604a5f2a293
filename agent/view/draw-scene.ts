import sharp from "sharp";
import type { Size } from "../base/box.ts";
import type { RgbImage } from "../base/rgb-image.ts";
import { marksInto } from "./marks.ts";
import { drawMask, drawMotion, drawRegion, drawZone, MASK_PATTERNS } from "./outlines.ts";
import { drawPanel, panelFontPx, panelHeight } from "./panel.ts";
import type { Scene } from "./scene.ts";

/** Smaller frames are doubled until they reach this width, so that texts fit. */
const LEAST_WIDTH = 640;

/** The factor by which a frame is enlarged before drawing. */
export function enlargement({ width }: Size): number {
  let factor = 1;
  while (width * factor < LEAST_WIDTH) factor *= 2;
  return factor;
}

/** The size of a drawn frame: the enlarged frame and the panel below it. Even, as H.264 requires. */
export function drawnSize(frame: Size): Size {
  const factor = enlargement(frame);
  const size = { width: even(frame.width * factor), height: even(frame.height * factor) };
  return { width: size.width, height: size.height + panelHeight(size) };
}

/**
 * Draws a scene into its frame.
 * @param frame of the scene's size
 * @returns RGB, of the size `drawnSize`
 */
export async function drawScene(frame: RgbImage, scene: Scene): Promise<RgbImage> {
  const { width, height, pixels } = frame;
  const factor = enlargement(frame);
  const whole = drawnSize(frame);
  const drawing = sceneSvg(enlarged(scene, factor), whole);
  const drawn = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize({ width: width * factor, height: height * factor, kernel: "cubic" })
    .extend({
      right: whole.width - width * factor,
      bottom: whole.height - height * factor,
      background: "#14171c",
    })
    .composite([{ input: Buffer.from(drawing) }])
    .removeAlpha()
    .raw()
    .toBuffer();
  return { ...whole, pixels: drawn };
}

/** Draws the scene as SVG, from the background to the foreground. */
export function sceneSvg(scene: Scene, whole: Size): string {
  const { size, setup, occupied, motion, regions, objects } = scene;
  const fontPx = panelFontPx(size);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${whole.width}" height="${whole.height}">`,
    MASK_PATTERNS,
    ...setup.motionMasks.map((mask) => drawMask(mask, size, "motion")),
    ...setup.objectMasks.map((mask) => drawMask(mask, size, "object")),
    ...setup.zones.map(({ name, coordinates }) => {
      return drawZone(name, coordinates, occupied.has(name), size, fontPx);
    }),
    ...regions.map((region) => drawRegion(region, size)),
    ...motion.map(drawMotion),
    marksInto(size.width, size.height, objects),
    drawPanel(scene),
    "</svg>",
  ].join("");
}

function enlarged(scene: Scene, factor: number): Scene {
  if (factor === 1) return scene;
  const times = ([x1, y1, x2, y2]: readonly [number, number, number, number]) =>
    [x1 * factor, y1 * factor, x2 * factor, y2 * factor] as const;
  return {
    ...scene,
    size: { width: scene.size.width * factor, height: scene.size.height * factor },
    motion: scene.motion.map(times),
    regions: scene.regions.map(times),
    objects: scene.objects.map((mark) => ({ ...mark, box: times(mark.box) })),
  };
}

function even(pixels: number): number {
  return pixels + (pixels % 2);
}
