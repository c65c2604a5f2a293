import { expect, test } from "vitest";
import type { Frame } from "../../agent/camera/frame.ts";
import { lookAtFrame } from "../../agent/look-at-frame.ts";
import type { Box, Detection } from "../../detectors/detector.ts";
import { greyPicture } from "../support/camera/video-picture.ts";
import { scriptedDetector } from "../support/scripted-detector.ts";

const FRAME: Frame = {
  camera: "door",
  sequence: 0,
  timeMs: 0,
  ...greyPicture(256, 128, new Uint8Array(256 * 128)),
};
/** Of the model's shape: one as large as its input, one twice as large. */
const NEAR: Box = [100, 50, 164, 82];
const WIDE: Box = [128, 64, 256, 128];
const SOMEBODY: Detection = { label: "person", score: 0.9, box: [10, 5, 20, 30] };
const NEVER = new AbortController().signal;

test("boxes come back in pixels of the frame, with the region each was found in", async () => {
  const answer = await lookAtFrame(FRAME, [NEAR, WIDE], scriptedDetector([[SOMEBODY]]), 0.1, NEVER);
  expect(answer).toEqual({
    looked: [NEAR, WIDE],
    findings: [
      { ...SOMEBODY, box: [110, 55, 120, 80], region: NEAR },
      { ...SOMEBODY, box: [148, 74, 168, 124], region: WIDE },
    ],
    inferenceMs: 10,
  });
});

test("a fault in one region loses that region's answer and no other", async () => {
  const answer = await lookAtFrame(FRAME, [NEAR, WIDE], scriptedDetector(["fault", [SOMEBODY]]), 0.1, NEVER);
  expect(answer?.looked).toHaveLength(1);
  expect(answer?.findings).toHaveLength(1);
});

test("nothing to look at costs nothing", async () => {
  const detector = scriptedDetector([[SOMEBODY]]);
  expect(await lookAtFrame(FRAME, [], detector, 0.1, NEVER)).toEqual({
    looked: [],
    findings: [],
    inferenceMs: 0,
  });
  expect(detector.asked()).toBe(0);
});

test("whoever is told to stop does not wait for a detector that thinks", async () => {
  const answer = lookAtFrame(FRAME, [NEAR], scriptedDetector(["silence"]), 0.1, AbortSignal.timeout(20));
  expect(await answer).toBe(undefined);
});
