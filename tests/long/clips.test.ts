import { describe, expect, test } from "vitest";
import { intersectionOverUnion } from "../../agent/base/box.ts";
import { readClip } from "../../agent/camera/clip.ts";
import { rgbOf } from "../../agent/preprocess/rgb.ts";
import { predictedBox } from "../../agent/tracking/track.ts";
import { findMedia, findModel } from "../support/base/materials.ts";
import { openYolov5n } from "../support/detectors/open-yolov5n.ts";
import { openOnnxruntimeDetector } from "../support/models/onnxruntime-detector.ts";
import { objectsIn, shareOfVisit, VISITS } from "../support/scenes/visits.ts";
import { defaultCamera, watchFrames } from "../support/scenes/watch-frames.ts";

const weights = findModel("yolov5n.pt");
const onnx = findModel("yolov5n.onnx");
const [person, street] = ["person.mp4", "street.mp4"].map(findMedia);
const areHere = [weights, onnx, person, street].every((file) => file !== undefined);

/** Typical sizes: for wide cameras and for small machines. */
const SIZES = [
  { width: 640, height: 384 },
  { width: 320, height: 320 },
];
const FPS = 5;
/** COCO's class of a person. */
const PERSON = 0;
const MOST_INFERRED = 0.6;

const read = (file: string | undefined) =>
  readClip({ camera: "clip", file: file ?? "", fps: FPS }, { signal: new AbortController().signal });

describe.skipIf(!areHere).each(SIZES)("with a model of $width×$height", (size) => {
  test("the six people of person.mp4 give six events, each as long as the visit", async () => {
    await using detector = await openYolov5n(weights ?? "", size);
    const { events, inferred, frames } = await watchFrames(read(person), defaultCamera(["person"]), detector);
    const objects = objectsIn(events);
    console.log(
      `person.mp4: ${objects.length} events, ${inferred} of ${frames.length} frames with inference`,
    );
    expect(objects.map(({ label }) => label)).toEqual(VISITS.map(() => "person"));
    for (const [index, visit] of VISITS.entries()) {
      expect(shareOfVisit(visit, objects[index]), `visit ${index + 1}`).toBeGreaterThanOrEqual(0.8);
    }
    expect(inferred / frames.length).toBeLessThanOrEqual(MOST_INFERRED);
  });

  test("the nineteen people of street.mp4 give at most thirty events, the parked van at most one, and no person is missed", async () => {
    await using detector = await openYolov5n(weights ?? "", size);
    const report = await watchFrames(read(street), defaultCamera(["person", "car"]), detector);
    const labels = objectsIn(report.events).map(({ label }) => label);
    expect(labels.filter((label) => label === "person").length).toBeLessThanOrEqual(30);
    expect(labels.filter((label) => label === "car").length).toBeLessThanOrEqual(1);

    await using reference = await openOnnxruntimeDetector(onnx ?? "");
    let onTrack = 0;
    let boxes = 0;
    let index = 0;
    for await (const frame of read(street)) {
      const tracks = report.frames[index++]?.seen.tracks.filter(({ label }) => label === "person") ?? [];
      for (const box of await reference.find(rgbOf(frame), PERSON, 0.6)) {
        boxes++;
        if (tracks.some((track) => intersectionOverUnion(predictedBox(track), box) >= 0.5)) onTrack++;
      }
    }
    console.log(
      `street.mp4: ${labels.length} events, ${report.inferred} of ${report.frames.length} frames with inference, ` +
        `${report.regions} regions, ${onTrack} of ${boxes} reference boxes on a track`,
    );
    expect(boxes).toBeGreaterThan(2000);
    expect(onTrack / boxes).toBeGreaterThanOrEqual(0.9);
  });
});
