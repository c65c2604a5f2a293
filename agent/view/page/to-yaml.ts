import type { Corner } from "./protocol.ts";
import type { Shape, ShapeKind } from "./shapes.ts";

/**
 * Formats a camera's zones and masks for sabrewing.yml.
 * @param before as configured: if all polygons of a kind were removed, the result contains an empty list.
 */
export function toYaml(camera: string, shapes: readonly Shape[], before: readonly Shape[]): string {
  const has = (kind: ShapeKind) => [...shapes, ...before].some((shape) => shape.kind === kind);
  const masks = (kind: ShapeKind) =>
    shapes.filter((shape) => shape.kind === kind).map(({ corners }) => corners);
  const zones = shapes.filter(({ kind }) => kind === "zone");
  const lines = [
    "cameras:",
    `  ${key(camera)}:`,
    ...(has("motion") ? ["    motion:", ...maskLines(masks("motion"))] : []),
    ...(has("object") ? ["    objects:", ...maskLines(masks("object"))] : []),
    ...(has("zone")
      ? [zones.length === 0 ? "    zones: {}" : "    zones:", ...zones.flatMap(zoneLines)]
      : []),
  ];
  return `${lines.join("\n")}\n`;
}

function maskLines(masks: readonly (readonly Corner[])[]): readonly string[] {
  if (masks.length === 0) return ["      mask: []"];
  return ["      mask:", ...masks.map((corners) => `        - "${coordinates(corners)}"`)];
}

function zoneLines({ name, corners, settings }: Shape): readonly string[] {
  return [
    `      ${key(name)}:`,
    `        coordinates: "${coordinates(corners)}"`,
    // JSON is valid YAML (YAML 1.2, section 1.3).
    ...Object.entries(settings).map(([setting, value]) => `        ${setting}: ${JSON.stringify(value)}`),
  ];
}

/** A thousandth of a frame is precise enough for drawing. */
export function coordinates(corners: readonly Corner[]): string {
  return corners
    .flat()
    .map((share) => Number(share.toFixed(3)))
    .join(",");
}

/** Quotes names that YAML would not read as text: a camera named 7, a zone named no. */
function key(name: string): string {
  const isPlain = /^[A-Za-z_][\w-]*$/.test(name) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(name);
  return isPlain ? name : JSON.stringify(name);
}
