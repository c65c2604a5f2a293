import { expect, test } from "vitest";
import { acrossRegions } from "../../../agent/preprocess/across-regions.ts";
import type { Finding } from "../../../agent/tracking/finding.ts";
import type { Box } from "../../../detectors/detector.ts";

const FRAME = { width: 1280, height: 720 };
const LEFT: Box = [0, 0, 640, 640];
const RIGHT: Box = [500, 0, 1140, 640];

function person(box: Box, region: Box, score = 0.8, label = "person"): Finding {
  return { label, score, box, region };
}

test("somebody whom two regions show is one person, with the better score", () => {
  const found = [person([520, 100, 600, 300], LEFT, 0.7), person([522, 101, 602, 303], RIGHT, 0.9)];
  expect(acrossRegions(found, FRAME, [])).toEqual([found[1]]);
});

test("half a person at a region's border gives way to the whole one in the next region", () => {
  const half = person([560, 100, 640, 300], LEFT, 0.95);
  const whole = person([560, 100, 720, 300], RIGHT, 0.6);
  expect(acrossRegions([half, whole], FRAME, [])).toEqual([whole]);
});

test("half of somebody new is better than nothing: the next look will be at all of it", () => {
  const half = person([560, 100, 640, 300], LEFT);
  expect(acrossRegions([half], FRAME, [])).toEqual([half]);
});

test("half of somebody who is known, and whom the region cannot show whole, tells nothing", () => {
  const half = person([560, 100, 640, 300], LEFT);
  expect(acrossRegions([half], FRAME, [{ label: "person", box: [560, 100, 720, 300] }])).toEqual([]);
  expect(acrossRegions([half], FRAME, [{ label: "dog", box: [560, 100, 720, 300] }])).toEqual([half]);
});

test("a box at the picture's own edge is whole", () => {
  const atEdge = person([0, 100, 80, 300], LEFT, 0.5);
  const again = person([0, 100, 82, 300], [0, 0, 320, 640], 0.4);
  expect(acrossRegions([again, atEdge], FRAME, [])).toEqual([atEdge]);
});

test("things of different labels, and neighbours within one region, are left alone", () => {
  const found = [
    person([520, 100, 600, 300], LEFT, 0.9),
    person([521, 100, 600, 300], RIGHT, 0.8, "dog"),
    person([540, 100, 620, 300], LEFT, 0.7),
  ];
  expect(acrossRegions(found, FRAME, [])).toEqual(found);
});
