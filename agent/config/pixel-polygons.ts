import type { z } from "zod";
import type { Polygon } from "../base/polygon.ts";
import { isInPixels, relativeTo } from "./polygon-schema.ts";

/** The keys of a camera that hold polygons, or decide what their coordinates mean. */
interface WithPolygons {
  readonly detect: { readonly width?: number | undefined; readonly height?: number | undefined };
  readonly motion: { readonly mask: Polygon[] };
  readonly objects: {
    readonly mask: Polygon[];
    readonly filters: Readonly<Record<string, { readonly mask: Polygon[] }>>;
  };
  readonly zones: readonly { readonly name: string; readonly coordinates: Polygon }[];
}

/** Converts all polygons of a camera from pixels of the detect frame to fractions, if they are in pixels. */
export function inFractions<Camera extends WithPolygons>(camera: Camera, context: z.RefinementCtx): Camera {
  const { width, height } = camera.detect;
  const size = width === undefined || height === undefined ? undefined : { width, height };

  function converted(polygon: Polygon, path: readonly PropertyKey[]): Polygon {
    if (!isInPixels(polygon)) return polygon;
    const refuse = (message: string) => {
      context.addIssue({ code: "custom", path: [...path], message });
      return polygon;
    };
    if (size === undefined) {
      return refuse("numbers from 0 to 1 (these look like pixels: also set detect.width and detect.height)");
    }
    if (polygon.some(([x, y]) => x > size.width || y > size.height)) {
      return refuse(`pixels inside the detect frame of ${size.width}×${size.height}, or numbers from 0 to 1`);
    }
    return relativeTo(size, polygon);
  }

  const all = (polygons: Polygon[], path: readonly PropertyKey[]) =>
    polygons.map((polygon) => converted(polygon, path));
  const filters = Object.entries(camera.objects.filters).map(([label, filter]) => [
    label,
    { ...filter, mask: all(filter.mask, ["objects", "filters", label, "mask"]) },
  ]);
  return {
    ...camera,
    motion: { ...camera.motion, mask: all(camera.motion.mask, ["motion", "mask"]) },
    objects: {
      ...camera.objects,
      mask: all(camera.objects.mask, ["objects", "mask"]),
      filters: Object.fromEntries(filters),
    },
    zones: camera.zones.map((zone) => ({
      ...zone,
      coordinates: converted(zone.coordinates, ["zones", zone.name, "coordinates"]),
    })),
  };
}
