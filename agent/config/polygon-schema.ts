import { z } from "zod";
import { hasArea, type Point, type Polygon } from "../base/polygon.ts";

const EXAMPLE = "0.1,0.5,0.9,0.5,0.5,1";

/** A polygon in Frigate's notation: `x,y,x,y,…`, fractions of the frame's width and height. */
export const PolygonSchema = z
  .string()
  .transform((text, context) => polygonOf(text, context, []))
  .refine((polygon) => polygon.length < 3 || hasArea(polygon), {
    error: "corners that enclose an area (all of them lie on one line or point)",
  })
  .describe("Corners x,y,x,y,… of a polygon, as fractions (0 to 1) of the frame's width and height.");

/** No polygon, one, or a list of polygons. */
export const MaskSchema = z
  .union([z.string(), z.array(z.string())], {
    error: `a string like "${EXAMPLE}" or a list of such strings`,
  })
  .transform((texts, context): Polygon[] => {
    if (typeof texts === "string") return texts.trim() === "" ? [] : [polygonOf(texts, context, [])];
    return texts.map((text, index) => polygonOf(text, context, [index]));
  });

function polygonOf(text: string, context: z.RefinementCtx, path: PropertyKey[]): Polygon {
  const problem = problemOf(text);
  if (problem !== undefined) context.addIssue({ code: "custom", path, message: problem });
  const numbers = numbersIn(text);
  return Array.from({ length: Math.floor(numbers.length / 2) }, (_, index): Point => {
    return [numbers[2 * index] ?? 0, numbers[2 * index + 1] ?? 0];
  });
}

/** The expected form of the text, if it does not have it. */
function problemOf(text: string): string | undefined {
  const numbers = numbersIn(text);
  if (text.trim() === "" || numbers.some(Number.isNaN)) return `numbers x,y,x,y,… like "${EXAMPLE}"`;
  if (numbers.some((number) => number > 2)) {
    return "numbers from 0 to 1 (these look like pixels: divide each x by the frame's width and each y by its height)";
  }
  if (numbers.some((number) => number < 0 || number > 1)) return "numbers from 0 to 1";
  if (numbers.length % 2 === 1) {
    return `pairs x,y: an even number of values, not ${numbers.length}`;
  }
  if (numbers.length < 6) return "at least 3 corners (6 numbers)";
  return undefined;
}

function numbersIn(text: string): readonly number[] {
  return text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
}
