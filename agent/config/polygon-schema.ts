import { z } from "zod";
import { hasArea, type Point, type Polygon } from "../base/polygon.ts";

const EXAMPLE = "0.1,0.5,0.9,0.5,0.5,1";
const LIST = `a string like "${EXAMPLE}" or a list of such strings`;

/** Larger coordinates are pixels of the detect frame: no fraction is above 1, and no corner has only such small pixels. */
const LARGEST_FRACTION = 2;

/**
 * A polygon in Frigate's notation: `x,y,x,y,…`, or a list of corners `x,y`. The numbers are fractions of the frame's width and
 * height, or pixels, which `relativeTo` converts.
 */
export const PolygonSchema = z
  .union([z.string(), z.array(z.union([z.string(), z.number()]))], {
    error: `a string like "${EXAMPLE}" or a list of corners like ["0.1,0.5", "0.9,0.5", "0.5,1"]`,
  })
  .transform((given, context) => polygonOf(textOf(given), context, []))
  .refine((polygon) => polygon.length < 3 || hasArea(polygon), {
    error: "corners that enclose an area (all of them lie on one line or point)",
  })
  .describe(
    "Corners x,y,x,y,… of a polygon: fractions (0 to 1) of the frame's width and height, or pixels if detect has a width and height.",
  );

/** A named mask, as Frigate writes it since 0.18. */
const NamedMaskSchema = z.strictObject({
  friendly_name: z.string().optional(),
  enabled: z.boolean().default(true),
  coordinates: z.union([z.string(), z.array(z.string())], { error: LIST }),
});

/** No polygon, one, a list of polygons, or polygons by name. */
export const MaskSchema = z
  .union([z.string(), z.array(z.string()), z.record(z.string(), NamedMaskSchema)], { error: LIST })
  .transform((given, context): Polygon[] => {
    if (typeof given === "string" || Array.isArray(given)) return polygonsOf(given, context, []);
    return Object.entries(given).flatMap(([name, { enabled, coordinates }]) =>
      enabled ? polygonsOf(coordinates, context, [name, "coordinates"]) : [],
    );
  });

function polygonsOf(
  given: string | readonly string[],
  context: z.RefinementCtx,
  path: readonly PropertyKey[],
): Polygon[] {
  if (typeof given === "string") return given.trim() === "" ? [] : [polygonOf(given, context, path)];
  if (areCorners(given)) return [polygonOf(given.join(","), context, path)];
  return given.map((text, index) => polygonOf(text, context, [...path, index]));
}

/** Whether the entries are the corners of one polygon: as polygons, they would have one corner each. */
function areCorners(entries: readonly string[]): boolean {
  return entries.length > 2 && entries.every((entry) => numbersIn(entry).length === 2);
}

function textOf(given: string | readonly (string | number)[]): string {
  return typeof given === "string" ? given : given.join(",");
}

function polygonOf(text: string, context: z.RefinementCtx, path: readonly PropertyKey[]): Polygon {
  const problem = problemOf(text);
  if (problem !== undefined) context.addIssue({ code: "custom", path: [...path], message: problem });
  const numbers = numbersIn(text);
  return Array.from({ length: Math.floor(numbers.length / 2) }, (_, index): Point => {
    return [numbers[2 * index] ?? 0, numbers[2 * index + 1] ?? 0];
  });
}

/** The expected form of the text, if it does not have it. */
function problemOf(text: string): string | undefined {
  const numbers = numbersIn(text);
  if (text.trim() === "" || numbers.some((number) => !Number.isFinite(number))) {
    return `numbers x,y,x,y,… like "${EXAMPLE}"`;
  }
  const highest = numbers.some((number) => number > LARGEST_FRACTION) ? Number.MAX_SAFE_INTEGER : 1;
  if (numbers.some((number) => number < 0 || number > highest)) return "numbers from 0 to 1";
  if (numbers.length % 2 === 1) {
    return `pairs x,y: an even number of values, not ${numbers.length}`;
  }
  if (numbers.length < 6) return "at least 3 corners (6 numbers)";
  return undefined;
}

function numbersIn(text: string): readonly number[] {
  return text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
}

/** Whether the coordinates are pixels of the detect frame. */
export function isInPixels(polygon: Polygon): boolean {
  return polygon.some((corner) => corner.some((number) => number > LARGEST_FRACTION));
}

/** Converts a polygon in pixels to fractions of a frame. Others remain unchanged. */
export function relativeTo(
  { width, height }: { readonly width: number; readonly height: number },
  polygon: Polygon,
): Polygon {
  return isInPixels(polygon) ? polygon.map(([x, y]): Point => [x / width, y / height]) : polygon;
}
