import { isMapping } from "../../../base/mapping.ts";
import type { Remarks } from "./remarks.ts";
import { flagOf, mappingOf } from "./values.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Corners as numbers: fractions of the frame, or pixels. */
type Corners = readonly number[];

/** If one coordinate is larger, all coordinates of the polygon are pixels. */
const LARGEST_FRACTION = 2;

/** One polygon: `x,y,x,y,…`, or a list of numbers, of corners `x,y` or of `[x, y]`. */
export function polygonOf(value: unknown): Corners {
  const parts = Array.isArray(value) ? value.flat(2) : [value];
  return parts
    .flatMap((part) => String(part ?? "").split(","))
    .filter((part) => part.trim() !== "")
    .map(Number);
}

/** All polygons of a mask: none, one, a list, or by name (since Frigate 0.18). Disabled ones are left out. */
export function polygonsOf(mask: unknown): readonly Corners[] {
  if (isMapping(mask)) {
    return Object.values(mask).flatMap((named) => {
      const { enabled, coordinates } = mappingOf(named);
      return flagOf(enabled) === false ? [] : polygonsOf(coordinates);
    });
  }
  if (!Array.isArray(mask)) return polygonOf(mask).length === 0 ? [] : [polygonOf(mask)];
  const polygons = mask.map(polygonOf).filter((corners) => corners.length > 0);
  const areCorners = polygons.length > 2 && polygons.every((corners) => corners.length === 2);
  return areCorners ? [polygons.flat()] : polygons;
}

export function isInPixels(corners: Corners): boolean {
  return corners.some((number) => number > LARGEST_FRACTION);
}

/** Writes polygons as fractions of the frame. */
export interface Areas {
  /** Undefined, and a remark, if the corners are no polygon. */
  written(key: string, corners: Corners): Promise<string | undefined>;
}

/** @param size of the frame to which pixels refer; asked for at most once */
export function areasIn(size: () => Promise<Size>, remarks: Remarks): Areas {
  let known: Promise<Size> | undefined;
  const sizeOnce = () => {
    known ??= size();
    return known;
  };
  return {
    async written(key, corners) {
      const isPolygon = corners.length >= 6 && corners.length % 2 === 0 && corners.every(Number.isFinite);
      if (!isPolygon) {
        remarks.add("dropped", key, "expected at least three corners x,y");
        return undefined;
      }
      const { width, height } = isInPixels(corners) ? await sizeOnce() : { width: 1, height: 1 };
      const fractions = corners.map((number, index) => number / (index % 2 === 0 ? width : height));
      const inside = fractions.map((number) => Math.min(1, Math.max(0, number)));
      if (inside.some((number, index) => number !== fractions[index])) {
        remarks.add("changed", key, "corners outside the frame were moved to its edge");
      }
      if (isInPixels(corners)) {
        const camera = key.split(".").slice(0, 2).join(".");
        remarks.add("changed", camera, "pixels of zones and masks were converted to fractions of the frame");
      }
      return inside.map((number) => Number(number.toFixed(4))).join(",");
    },
  };
}

/** Writes the polygons of a mask; undefined if it was not set. */
export async function maskIn(areas: Areas, key: string, mask: unknown): Promise<string[] | undefined> {
  if (mask === undefined || mask === null) return undefined;
  const written: string[] = [];
  for (const corners of polygonsOf(mask)) {
    const text = await areas.written(key, corners);
    if (text !== undefined) written.push(text);
  }
  return written;
}
