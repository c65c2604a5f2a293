import { describe, expect, test } from "vitest";
import { InvalidConfig } from "../../../agent/config/invalid-config.ts";
import { parseConfig } from "../../../agent/config/load.ts";

/** A configuration of one camera with these additional lines. */
function configured(...cameraLines: string[]): string {
  return [
    "mqtt: {host: broker}",
    "model: {path: m.wasm}",
    "cameras:",
    "  door:",
    '    ffmpeg: {inputs: [{path: "rtsp://10.0.0.7/stream2"}]}',
    ...cameraLines.map((line) => `    ${line}`),
  ].join("\n");
}

function cameraOf(...lines: string[]) {
  return parseConfig(configured(...lines), "sabrewing.yml", {}).cameras[0];
}

function mistakes(text: string): string[] {
  try {
    parseConfig(text, "sabrewing.yml", {});
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    return error.problems.map(({ key, message }) => `${key}: ${message}`);
  }
  return [];
}

const TRIANGLE = [
  [0, 0],
  [0.5, 0],
  [0, 1],
];

describe("a mask", () => {
  test("is a polygon, a list of polygons, or empty", () => {
    expect(cameraOf('motion: {mask: "0,0, 0.5,0, 0,1"}')?.motion.mask).toEqual([TRIANGLE]);
    expect(cameraOf('motion: {mask: ["0,0,0.5,0,0,1", "0,0,0.5,0,0,1"]}')?.motion.mask).toEqual([
      TRIANGLE,
      TRIANGLE,
    ]);
    expect(cameraOf('motion: {mask: ""}')?.motion.mask).toEqual([]);
  });

  test("applies to all objects or to one label", () => {
    const camera = cameraOf('objects: {mask: "0,0,0.5,0,0,1", filters: {person: {mask: "0,0,0.5,0,0,1"}}}');
    expect(camera?.objects.mask).toEqual([TRIANGLE]);
    expect(camera?.objects.filters.person?.mask).toEqual([TRIANGLE]);
  });

  test.each([
    ["0,0,200,0,200,100", "expected numbers from 0 to 1 (these look like pixels: also set detect.width and"],
    ["0,0,1.1,0,0,1", "expected numbers from 0 to 1, received"],
    ["0,0,-0.1,0,0,1", "expected numbers from 0 to 1, received"],
    ["0,0,0.5,0,0.5,1,0", "expected pairs x,y: an even number of values, not 7"],
    ["0,0,1,1", "expected at least 3 corners (6 numbers), received"],
    ["0,0,0.5;0,0,1", "expected numbers x,y,x,y,… like"],
    ["0,0,0.5,0,0,1,", "expected numbers x,y,x,y,… like"],
  ])("refuses %s", (mask, message) => {
    const reported = mistakes(configured(`motion: {mask: "${mask}"}`));
    expect(reported).toHaveLength(1);
    expect(reported[0]).toContain(`cameras.door.motion.mask: ${message}`);
    expect(reported[0]).toContain(`received "${mask}"`);
  });

  test("names the index of an invalid polygon in a list", () => {
    expect(mistakes(configured('motion: {mask: ["0,0,0.5,0,0,1", "0,0,1,1"]}'))).toEqual([
      'cameras.door.motion.mask.1: expected at least 3 corners (6 numbers), received "0,0,1,1"',
    ]);
  });

  test("describes the expected form of a value that is not a string", () => {
    expect(mistakes(configured("motion: {mask: 5}"))).toEqual([
      'cameras.door.motion.mask: expected a string like "0.1,0.5,0.9,0.5,0.5,1" or a list of such strings, received 5',
    ]);
  });
});

describe("a zone", () => {
  test("gets its name and every default", () => {
    expect(cameraOf('zones: {porch: {coordinates: "0,0,0.5,0,0,1"}}')?.zones).toEqual([
      { name: "porch", coordinates: TRIANGLE, inertia: 3, loitering_time: 0, objects: [], filters: {} },
    ]);
  });

  test("gets defaults for the missing keys of a filter", () => {
    const zones = cameraOf(
      'zones: {porch: {coordinates: "0,0,0.5,0,0,1", filters: {person: {min_area: 0.01}}}}',
    );
    expect(zones?.zones[0]?.filters.person).toEqual({
      min_score: 0,
      threshold: 0,
      min_area: 0.01,
      max_area: 24_000_000,
      min_ratio: 0,
      max_ratio: 24_000_000,
    });
  });

  test("is refused without coordinates or with a name that cannot be part of a topic", () => {
    expect(mistakes(configured("zones: {porch: {}, front/door: {coordinates: '0,0,1,0,1,1'}}"))).toEqual([
      'cameras.door.zones.porch.coordinates: missing: expected a string like "0.1,0.5,0.9,0.5,0.5,1" or a list of corners like ["0.1,0.5", "0.9,0.5", "0.5,1"]',
      "cameras.door.zones.front/door: the name may contain only letters, digits, _ and -: it becomes part of MQTT topics",
    ]);
  });

  test("is refused with a label that the camera does not track", () => {
    const zone = '"0,0,0.5,0,0,1", objects: [person, persn, cat], filters: {dog: {}, persno: {}}';
    expect(mistakes(configured(`zones: {porch: {coordinates: ${zone}}}`))).toEqual([
      "cameras.door.zones.porch.objects.1: this camera does not track that label; add it to objects.track; did you mean person?",
      "cameras.door.zones.porch.objects.2: this camera does not track that label; add it to objects.track",
      "cameras.door.zones.porch.filters.dog: this filter has no effect: the label cannot enter this zone",
      "cameras.door.zones.porch.filters.persno: this filter has no effect: the label cannot enter this zone; did you mean person?",
    ]);
  });

  test("is refused with the name of a camera or of another camera's zone, because their counts would mix", () => {
    const text = [
      configured('zones: {door: {coordinates: "0,0,0.5,0,0,1"}, way: {coordinates: "0,0,0.5,0,0,1"}}'),
      '  yard: {ffmpeg: {inputs: [{path: "rtsp://a/b"}]}, zones: {way: {coordinates: "0,0,0.5,0,0,1"}}}',
    ].join("\n");
    expect(mistakes(text)).toEqual([
      "cameras.door.zones.door: a camera has this name, and both would publish counts on the same topics; choose another name",
      "cameras.yard.zones.way: camera door has a zone with this name, and both would publish counts on the same topics; choose another name",
    ]);
  });
});

test("derives the stationary defaults from fps: ten seconds each", () => {
  expect(cameraOf("detect: {fps: 2}")?.detect.stationary).toEqual({ threshold: 20, interval: 20 });
  expect(cameraOf("detect: {fps: 2, stationary: {interval: 100}}")?.detect.stationary).toEqual({
    threshold: 20,
    interval: 100,
  });
});

test("accepts folders for snapshots and state", () => {
  const text = `${configured("snapshots: {directory: /srv/snapshots, retain_days: 3}")}\nstate_dir: /srv/state\n`;
  const config = parseConfig(text, "sabrewing.yml", {});
  expect(config.cameras[0]?.snapshots).toEqual({
    enabled: false,
    directory: "/srv/snapshots",
    retain_days: 3,
  });
  expect(config.state_dir).toBe("/srv/state");
});
