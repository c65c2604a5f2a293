import { expect, test } from "vitest";
import type { Frame } from "../../../agent/camera/frame.ts";
import { detectRegions } from "../../../agent/detection/detect-regions.ts";
import type { Box, Detection } from "../../../detectors/detector.ts";
import { greyFrame } from "../../support/camera/raw-frames.ts";
import { scriptedDetector } from "../../support/detectors/scripted-detector.ts";

const FRAME: Frame = {
  camera: "door",
  sequence: 0,
  timeMs: 0,
  ...greyFrame(256, 128, new Uint8Array(256 * 128)),
};
/** In the model's shape: one as large as its input, one twice as large. */
const NEAR: Box = [100, 50, 164, 82];
const WIDE: Box = [128, 64, 256, 128];
const PERSON: Detection = { label: "person", score: 0.9, box: [10, 5, 20, 30] };
const NEVER = new AbortController().signal;

test("boxes are in pixels of the frame and have the region in which they were found", async () => {
  const answer = await detectRegions(FRAME, [NEAR, WIDE], scriptedDetector([[PERSON]]), 0.1, NEVER);
  expect(answer).toEqual({
    examined: [NEAR, WIDE],
    detections: [
      { ...PERSON, box: [110, 55, 120, 80], region: NEAR },
      { ...PERSON, box: [148, 74, 168, 124], region: WIDE },
    ],
    inferenceMs: 10,
  });
});

test("a detector fault in one region loses only the detections of that region", async () => {
  const answer = await detectRegions(FRAME, [NEAR, WIDE], scriptedDetector(["fault", [PERSON]]), 0.1, NEVER);
  expect(answer?.examined).toHaveLength(1);
  expect(answer?.detections).toHaveLength(1);
});

test("the detector does not run without regions", async () => {
  const detector = scriptedDetector([[PERSON]]);
  expect(await detectRegions(FRAME, [], detector, 0.1, NEVER)).toEqual({
    examined: [],
    detections: [],
    inferenceMs: 0,
  });
  expect(detector.asked()).toBe(0);
});

test("an abort does not wait for a slow detector", async () => {
  const answer = detectRegions(FRAME, [NEAR], scriptedDetector(["silence"]), 0.1, AbortSignal.timeout(20));
  expect(await answer).toBe(undefined);
});
