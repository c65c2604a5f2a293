import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { CameraConfig } from "../../../../agent/config/schema.ts";
import { setupOfCamera } from "../../../../agent/view/live/camera-setup.ts";
import { newShape, type Shape, shapesOf } from "../../../../agent/view/page/shapes.ts";
import { toYaml } from "../../../../agent/view/page/to-yaml.ts";
import { door } from "../../../support/agent/small-config.ts";

const DOOR = `
objects: {track: [person, dog], mask: "0.7,0,1,0,1,0.3"}
motion: {mask: ["0,0,0.2,0,0.2,0.1", "0.5,0.5,1,0.5,1,1"]}
zones:
  porch: {coordinates: "0.1,0.5,0.9,0.5,0.9,1,0.1,1", inertia: 5, filters: {person: {min_score: 0.4}}}
  path: {coordinates: "0,0,0.3333,0,0.3333,1", objects: [dog], loitering_time: 2}`;

function edited(camera: CameraConfig, edit: (shapes: readonly Shape[]) => readonly Shape[]): string {
  const before = shapesOf(setupOfCamera(camera));
  return toYaml(camera.name, edit(before), before);
}

/** The agent's configuration after its keys are replaced by the editor's. */
function pasted(yaml: string): CameraConfig {
  const written = parse(DOOR);
  const { door: lines } = parse(yaml).cameras;
  const merged = {
    objects: { ...written.objects, ...lines.objects },
    motion: { ...written.motion, ...lines.motion },
    zones: lines.zones,
  };
  return door(stringify(merged));
}

test("unchanged polygons and their other settings are preserved", () => {
  const before = door(DOOR);
  const after = pasted(edited(before, (shapes) => shapes));
  expect(after.motion.mask).toEqual(before.motion.mask);
  expect(after.objects.mask).toEqual(before.objects.mask);
  expect(after.zones.map(({ coordinates, ...others }) => others)).toEqual(
    before.zones.map(({ coordinates, ...others }) => others),
  );
  expect(after.zones[0]?.coordinates).toEqual(before.zones[0]?.coordinates);
  // Coordinates are rounded to a thousandth.
  expect(after.zones[1]?.coordinates[1]).toEqual([0.333, 0]);
});

/** Outside of a new shape: a mask that covers a zone is refused. */
const CORNER = [
  [0.9, 0],
  [1, 0],
  [1, 0.1],
] as const;

test("a new zone and a new mask are included", () => {
  const yaml = edited(door(DOOR), (shapes) => [
    ...shapes,
    newShape("zone", shapes),
    { ...newShape("object", shapes), corners: CORNER },
  ]);
  const { zones, objects } = pasted(yaml);
  expect(zones.map(({ name }) => name)).toEqual(["porch", "path", "zone_1"]);
  expect(objects.mask).toHaveLength(2);
});

test("removing all polygons removes them from the configuration", () => {
  const yaml = edited(door(DOOR), () => []);
  expect(parse(yaml)).toEqual({
    cameras: { door: { motion: { mask: [] }, objects: { mask: [] }, zones: {} } },
  });
});

test("a camera without polygons has no keys", () => {
  expect(toYaml("door", [], [])).toBe("cameras:\n  door:\n");
});

test.each(["7", "no", "-1", "null", "porch_2", "e-5"])(
  "a camera and a zone named %s keep their names",
  (name) => {
    const shape = { ...newShape("zone", []), name };
    expect(Object.keys(parse(toYaml(name, [shape], [])).cameras)).toEqual([name]);
    expect(Object.keys(parse(toYaml(name, [shape], [])).cameras[name].zones)).toEqual([name]);
  },
);
