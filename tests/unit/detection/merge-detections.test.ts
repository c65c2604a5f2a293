import { expect, test } from "vitest";
import type { FrameDetection } from "../../../agent/detection/detect-regions.ts";
import { mergeDetections } from "../../../agent/detection/merge-detections.ts";
import type { Box } from "../../../detectors/detector.ts";

const FRAME = { width: 1280, height: 720 };
const LEFT: Box = [0, 0, 640, 640];
const RIGHT: Box = [500, 0, 1140, 640];

function person(box: Box, region: Box, score = 0.8, label = "person"): FrameDetection {
  return { label, score, box, region };
}

test("a person in two regions is detected once, with the higher score", () => {
  const found = [person([520, 100, 600, 300], LEFT, 0.7), person([522, 101, 602, 303], RIGHT, 0.9)];
  expect(mergeDetections(found, FRAME, [])).toEqual([found[1]]);
});

test("a person cut off by a region yields to the whole person in the next region", () => {
  const half = person([560, 100, 640, 300], LEFT, 0.95);
  const whole = person([560, 100, 720, 300], RIGHT, 0.6);
  expect(mergeDetections([half, whole], FRAME, [])).toEqual([whole]);
});

test("a piece of a new object is kept until a region shows the whole", () => {
  const half = person([560, 100, 640, 300], LEFT);
  expect(mergeDetections([half], FRAME, [])).toEqual([half]);
});

test("a piece of a known object is dropped if the region cannot show the whole", () => {
  const half = person([560, 100, 640, 300], LEFT);
  expect(mergeDetections([half], FRAME, [{ label: "person", box: [560, 100, 720, 300] }])).toEqual([]);
  expect(mergeDetections([half], FRAME, [{ label: "dog", box: [560, 100, 720, 300] }])).toEqual([half]);
});

test("a box at the frame's edge counts as whole", () => {
  const atEdge = person([0, 100, 80, 300], LEFT, 0.5);
  const again = person([0, 100, 82, 300], [0, 0, 320, 640], 0.4);
  expect(mergeDetections([again, atEdge], FRAME, [])).toEqual([atEdge]);
});

test("objects of different labels and neighbours within one region are kept", () => {
  const found = [
    person([520, 100, 600, 300], LEFT, 0.9),
    person([521, 100, 600, 300], RIGHT, 0.8, "dog"),
    person([540, 100, 620, 300], LEFT, 0.7),
  ];
  expect(mergeDetections(found, FRAME, [])).toEqual(found);
});
