import { describe, expect, test } from "vitest";
import { findMedia, findModel } from "../support/base/materials.ts";
import { openYolov5n } from "../support/detectors/open-yolov5n.ts";
import { parkedCar } from "../support/scenes/parked-car.ts";
import { exposureJumps, filmScene, firstFrame } from "../support/scenes/scenes.ts";
import { objectsIn } from "../support/scenes/visits.ts";
import { defaultCamera, watchFrames } from "../support/scenes/watch-frames.ts";

const weights = findModel("yolov5n.pt") ?? findModel("yolov5n.onnx");
const [person, street, cars, photograph] = ["person.mp4", "street.mp4", "cars.mp4", "images/street.jpg"].map(
  findMedia,
);
const areHere = [weights, person, street, cars, photograph].every((file) => file !== undefined);

const TEN_MINUTES = 600;
const SIZE = { width: 640, height: 384 };
const TRACKED = defaultCamera(["person", "car"]);
/** Allowed share of frames with inference in a scene without motion. */
const MOST_INFERRED = 0.02;

describe.skipIf(!areHere)("ten minutes at five frames a second", () => {
  for (const [name, clip] of Object.entries({ person, street, cars })) {
    test(`the first frame of ${name}.mp4 with noise and clouds gives no event`, async () => {
      await using detector = await openYolov5n(weights ?? "", SIZE);
      const background = await firstFrame(clip ?? "");
      const report = await watchFrames(
        filmScene(() => background, { seconds: TEN_MINUTES }),
        TRACKED,
        detector,
      );
      console.log(`${name}: ${report.inferred} of ${report.frames.length} frames with inference`);
      expect(report.events).toEqual([]);
      expect(report.inferred / report.frames.length).toBeLessThanOrEqual(MOST_INFERRED);
    });

    test(`the first frame of ${name}.mp4 with a jump of the exposure every minute gives no event`, async () => {
      await using detector = await openYolov5n(weights ?? "", SIZE);
      const background = await firstFrame(clip ?? "");
      const scene = filmScene(() => background, { seconds: TEN_MINUTES, lightAt: exposureJumps });
      const report = await watchFrames(scene, TRACKED, detector);
      console.log(`${name}, jumps: ${report.inferred} of ${report.frames.length} frames with inference`);
      expect(report.events).toEqual([]);
    });
  }

  test("a parked car gives one event, or a second one when it leaves", async () => {
    await using detector = await openYolov5n(weights ?? "", SIZE);
    const paint = await parkedCar(await firstFrame(cars ?? ""), photograph ?? "", TEN_MINUTES);
    const report = await watchFrames(filmScene(paint, { seconds: TEN_MINUTES + 20 }), TRACKED, detector);
    console.log(`parked car: ${report.inferred} of ${report.frames.length} frames with inference`);
    const labels = objectsIn(report.events).map(({ label }) => label);
    expect(labels.length).toBeLessThanOrEqual(2);
    expect(new Set(labels)).toEqual(new Set(["car"]));
  });
});
