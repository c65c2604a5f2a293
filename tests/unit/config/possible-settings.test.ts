import { describe, expect, test } from "vitest";
import { configMistakes, SMALLEST_CONFIG } from "../../support/agent/config-mistakes.ts";

const camera = (yaml: string) => configMistakes(`${SMALLEST_CONFIG}    ${yaml}\n`);
const filter = (yaml: string, more = "") => camera(`${more}objects: {filters: {person: {${yaml}}}}`);
const DETECT = "detect: {width: 640, height: 360}\n    ";
const ALL = '"0,0,1,0,1,1,0,1"';
const LEFT = '"0,0,0.6,0,0.6,1,0,1"';
const RIGHT = '"0.5,0,1,0,1,1,0.5,1"';

describe("a filter that no object passes is refused", () => {
  test.each([
    ["min_area: 5000, max_area: 10", "min_area: no object passes: min_area (5000) is above max_area (10)"],
    ["min_area: 0.5, max_area: 0.2", "min_area: no object passes: min_area (0.5) is above max_area (0.2)"],
    ["min_ratio: 3, max_ratio: 1", "min_ratio: no object passes: min_ratio (3) is above max_ratio (1)"],
    ["max_area: 0", "max_area: no object passes: max_area is 0"],
    ["max_ratio: 0", "max_ratio: no object passes: max_ratio is 0"],
  ])("%s", (yaml, problem) => {
    const found = filter(yaml);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^6:\d+ cameras\.door\.objects\.filters\.person\./);
    expect(found[0]).toContain(problem);
  });

  test("with every contradiction at its place", () => {
    expect(
      filter("min_area: 5000, max_area: 10, min_score: 0.9, threshold: 0.1, min_ratio: 3, max_ratio: 1"),
    ).toEqual([
      "6:34 cameras.door.objects.filters.person.min_area: no object passes: min_area (5000) is above max_area (10)",
      "6:96 cameras.door.objects.filters.person.min_ratio: no object passes: min_ratio (3) is above max_ratio (1)",
    ]);
  });

  test("with areas in different units only if the size of the frame is known", () => {
    expect(filter("min_area: 0.5, max_area: 1000")).toEqual([]);
    expect(filter("min_area: 0.5, max_area: 1000", DETECT)[0]).toContain(
      "min_area (0.5) is above max_area (1000)",
    );
    expect(filter("min_area: 0.1, max_area: 100000", DETECT)).toEqual([]);
    expect(filter("min_area: 230401", DETECT)[0]).toContain(
      "is above the area of a frame of detect (230400 pixels)",
    );
    expect(filter("min_area: 230400", DETECT)).toEqual([]);
  });

  test("also in a zone, alone or together with the camera's filter", () => {
    const zone = (own: string, of: string) =>
      camera(
        `objects: {filters: {person: {${of}}}}\n    zones: {porch: {coordinates: ${LEFT}, filters: {person: {${own}}}}}`,
      );
    expect(zone("min_area: 9, max_area: 8", "")[0]).toMatch(
      /porch\.filters\.person\.min_area: no object passes/,
    );
    expect(zone("min_area: 5000", "max_area: 1000")[0]).toMatch(
      /min_area \(5000\) is above max_area \(1000\) of this zone and of objects\.filters\.person$/,
    );
    expect(zone("max_ratio: 0.5", "min_ratio: 1")).toHaveLength(1);
    expect(zone("min_area: 500", "min_area: 100, max_area: 0.5")).toEqual([]);
  });
});

describe("a mask over everything is refused", () => {
  test.each([
    [`motion: {mask: ${ALL}}`, "motion.mask: nothing can be detected: the mask covers the whole frame"],
    [`motion: {mask: [${LEFT}, ${RIGHT}]}`, "motion.mask: nothing can be detected"],
    [`objects: {mask: ${ALL}}`, "objects.mask: no object can be detected: the mask covers the whole frame"],
    [`objects: {filters: {person: {mask: ${ALL}}}}`, "filters.person.mask: no object passes"],
    [
      `objects: {mask: ${LEFT}, filters: {person: {mask: ${RIGHT}}}}`,
      "filters.person.mask: no object passes",
    ],
    [
      `objects: {mask: ${LEFT}}\n    zones: {porch: {coordinates: "0.1,0.1,0.5,0.1,0.5,0.5"}}`,
      "zones.porch.coordinates: no object can enter: the masks of objects cover the zone",
    ],
  ])("%s", (yaml, problem) => {
    expect(camera(yaml)).toEqual([expect.stringContaining(problem)]);
  });

  test.each([
    `motion: {enabled: false, mask: ${ALL}}`,
    `motion: {mask: ${LEFT}}`,
    'objects: {mask: "0,0,1,0,1,0.999,0,0.999"}',
    `objects: {mask: ${RIGHT}}\n    zones: {porch: {coordinates: ${LEFT}}}`,
    `objects: {track: [person, dog], filters: {dog: {mask: ${LEFT}}}}\n    zones: {porch: {coordinates: ${LEFT}}}`,
  ])("but not %s", (yaml) => {
    expect(camera(yaml)).toEqual([]);
  });
});

test("a zone without area is refused, a zone that crosses itself is not", () => {
  const zone = (corners: string) => camera(`zones: {porch: {coordinates: "${corners}"}}`);
  for (const corners of ["0.5,0.5,0.5,0.5,0.5,0.5", "0,0,0.5,0.5,1,1", "0.2,0.1,0.2,0.9,0.2,0.5"]) {
    expect(zone(corners)).toEqual([
      `6:34 cameras.door.zones.porch.coordinates: expected corners that enclose an area (all of them lie on one line or point), received "${corners}"`,
    ]);
  }
  expect(zone("0,0,1,1,1,0,0,1")).toEqual([]);
  expect(zone("0.5,0.5,0.501,0.5,0.501,0.501")).toEqual([]);
  expect(zone("0.5,0.5")).toHaveLength(1);
});

test("an area of motion that counts as lightning is refused", () => {
  expect(camera("motion: {contour_area: 40000}")).toEqual([
    expect.stringMatching(
      /motion\.contour_area: nothing can be detected: motion of more than 32000 pixels counts as lightning/,
    ),
  ]);
  expect(camera("motion: {contour_area: 20000}")).toEqual([]);
  expect(camera(`${DETECT}motion: {contour_area: 20000}`)).toHaveLength(1);
});

test("empty lists are refused, and the message names the missing entries", () => {
  const text = SMALLEST_CONFIG.replace('[{path: "rtsp://10.0.0.7/stream2"}]', "[]");
  expect(configMistakes(`${text}    objects: {track: []}\n`)).toEqual([
    "5:22 cameras.door.ffmpeg.inputs: expected at least one input: the stream for detection, received an empty list",
    "6:22 cameras.door.objects.track: expected at least one label, received an empty list",
  ]);
});
