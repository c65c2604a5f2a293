import type { z } from "zod";
import type { Size } from "../base/box.ts";
import { areCovered, isFrameCovered, type Polygon, unmaskedShare } from "../base/polygon.ts";

/** The settings of a camera that can exclude each other. */
interface CheckedCamera {
  readonly detect: { readonly width?: number | undefined; readonly height?: number | undefined };
  readonly motion: {
    readonly enabled: boolean;
    readonly mask: readonly Polygon[];
    readonly contour_area: number;
    readonly frame_height: number;
    readonly lightning_threshold: number;
  };
  readonly objects: {
    readonly track: readonly string[];
    readonly mask: readonly Polygon[];
    readonly filters: Readonly<Record<string, ShapeLimits & { readonly mask: readonly Polygon[] }>>;
  };
  readonly zones: readonly {
    readonly name: string;
    readonly coordinates: Polygon;
    readonly objects: readonly string[];
    readonly filters: Readonly<Record<string, ShapeLimits>>;
  }[];
}

interface ShapeLimits {
  readonly min_area: number;
  readonly max_area: number;
  readonly min_ratio: number;
  readonly max_ratio: number;
}

type Refuse = (path: readonly PropertyKey[], message: string) => void;

/** Refuses settings that prevent every detection, or every entry into a zone. */
export function checkPossible(camera: CheckedCamera, context: z.RefinementCtx): void {
  const refuse: Refuse = (path, message) =>
    context.addIssue({ code: "custom", path: [...path], params: { isKey: true }, message });
  const { width, height } = camera.detect;
  const frame = width === undefined || height === undefined ? undefined : { width, height };
  checkMotion(camera, frame, refuse);
  checkObjects(camera, frame, refuse);
  // If another check has refused the names of zones, they are still a mapping.
  if (Array.isArray(camera.zones)) checkZones(camera, frame, refuse);
}

const SWITCH_OFF = "remove it; to switch detection off, set detect.enabled: false";
/** Images of cameras with several lenses are up to four times as wide as high. */
const WIDEST = 4;

function checkMotion({ motion }: CheckedCamera, frame: Size | undefined, refuse: Refuse): void {
  if (!motion.enabled) return;
  const { mask, contour_area, frame_height, lightning_threshold } = motion;
  if (isFrameCovered(mask)) {
    refuse(["motion", "mask"], `nothing can be detected: the mask covers the whole frame; ${SWITCH_OFF}`);
    return;
  }
  const aspect = frame === undefined ? WIDEST : frame.width / frame.height;
  const most = Math.ceil(lightning_threshold * unmaskedShare(mask) * aspect * frame_height ** 2);
  if (contour_area <= most) return;
  refuse(
    ["motion", "contour_area"],
    `nothing can be detected: motion of more than ${most} pixels counts as lightning, because of lightning_threshold, the masks and frame_height; the default is 10`,
  );
}

function checkObjects({ objects }: CheckedCamera, frame: Size | undefined, refuse: Refuse): void {
  if (isFrameCovered(objects.mask)) {
    refuse(["objects", "mask"], `no object can be detected: the mask covers the whole frame; ${SWITCH_OFF}`);
    return;
  }
  for (const [label, filter] of Object.entries(objects.filters)) {
    const path = ["objects", "filters", label];
    checkShape(filter, frame, path, refuse);
    if (filter.mask.length > 0 && isFrameCovered([...objects.mask, ...filter.mask])) {
      const remedy = "leave the label out of track instead";
      refuse([...path, "mask"], `no object passes: the masks cover the whole frame; ${remedy}`);
    }
  }
}

function checkZones({ objects, zones }: CheckedCamera, frame: Size | undefined, refuse: Refuse): void {
  if (isFrameCovered(objects.mask)) return;
  for (const { name, coordinates, objects: labels, filters } of zones) {
    const path = ["zones", name];
    const entering = labels.length > 0 ? labels : objects.track;
    const masksOf = (label: string) => [...objects.mask, ...(objects.filters[label]?.mask ?? [])];
    if (entering.every((label) => areCovered([coordinates], masksOf(label)))) {
      const remedy = "change the mask or the zone";
      refuse([...path, "coordinates"], `no object can enter: the masks of objects cover the zone; ${remedy}`);
    }
    for (const [label, filter] of Object.entries(filters)) {
      const own = [...path, "filters", label];
      const camera = objects.filters[label];
      if (checkShape(filter, frame, own, refuse) && camera !== undefined) {
        checkShape(
          bothLimits(camera, filter),
          frame,
          own,
          refuse,
          ` of this zone and of objects.filters.${label}`,
        );
      }
    }
  }
}

/** An object in a zone must pass both filters. Areas in different units cannot be compared without the frame's size. */
function bothLimits(camera: ShapeLimits, zone: ShapeLimits): ShapeLimits {
  const highest = (a: number, b: number) => (isShare(a) === isShare(b) ? Math.max(a, b) : b || a);
  const lowest = (a: number, b: number) => (isShare(a) === isShare(b) ? Math.min(a, b) : b);
  return {
    min_area: highest(camera.min_area, zone.min_area),
    max_area: lowest(camera.max_area, zone.max_area),
    min_ratio: Math.max(camera.min_ratio, zone.min_ratio),
    max_ratio: Math.min(camera.max_ratio, zone.max_ratio),
  };
}

/** Areas below 1 are shares of the frame. */
const isShare = (area: number) => area < 1;

/** @returns whether an object can pass */
function checkShape(
  { min_area, max_area, min_ratio, max_ratio }: ShapeLimits,
  frame: Size | undefined,
  path: readonly PropertyKey[],
  refuse: Refuse,
  whose = "",
): boolean {
  const problems = [
    areaProblem(min_area, max_area, frame),
    max_ratio === 0 ? (["max_ratio", "max_ratio is 0"] as const) : undefined,
    min_ratio > max_ratio
      ? (["min_ratio", `min_ratio (${min_ratio}) is above max_ratio (${max_ratio})`] as const)
      : undefined,
  ].filter((problem) => problem !== undefined);
  for (const [key, problem] of problems) refuse([...path, key], `no object passes: ${problem}${whose}`);
  return problems.length === 0;
}

function areaProblem(
  least: number,
  most: number,
  frame: Size | undefined,
): readonly [key: "min_area" | "max_area", problem: string] | undefined {
  if (most === 0) return ["max_area", "max_area is 0"];
  const pixels = frame && frame.width * frame.height;
  const inPixels = (area: number) => (isShare(area) && pixels !== undefined ? area * pixels : area);
  const areComparable = pixels !== undefined || isShare(least) === isShare(most);
  if (areComparable && inPixels(least) > inPixels(most)) {
    return ["min_area", `min_area (${least}) is above max_area (${most})`];
  }
  if (pixels === undefined || inPixels(least) <= pixels) return undefined;
  return ["min_area", `min_area (${least}) is above the area of a frame of detect (${pixels} pixels)`];
}
