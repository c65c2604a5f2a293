import { describe, expect, test } from "vitest";
import { findMedia, findModel } from "../support/base/materials.ts";
import { openYolov5n } from "../support/detectors/open-yolov5n.ts";
import { parkedCar } from "../support/scenes/parked-car.ts";
import { exposureJumps, filmScene, firstFrame } from "../support/scenes/scenes.ts";
import { objectsIn } from "../support/scenes/visits.ts";
import { defaultCamera, watchFrames } from "../support/scenes/watch-frames.ts";

const weights = findModel("yolov5n.pt") ?? findModel("yolov5n.onnx");
const [street, cars, photograph] = ["street.mp4", "cars.mp4", "images/street.jpg"].map(findMedia);
const areHere = [weights, street, cars, photograph].every((file) => file !== undefined);

/** A shorter version of tests/long/scenes.test.ts. */
describe.skipIf(!areHere)("from frames to events", () => {
  test("a street without motion gives one inference and no event", async () => {
    await using detector = await openYolov5n(weights ?? "", { width: 320, height: 192 });
    const background = await firstFrame(street ?? "");
    const frames = filmScene(() => background, { seconds: 40 });
    const { events, inferred } = await watchFrames(frames, defaultCamera(["person", "car"]), detector);
    expect(events).toEqual([]);
    expect(inferred).toBe(1);
  });

  test("a sudden change of the light gives no event", async () => {
    await using detector = await openYolov5n(weights ?? "", { width: 320, height: 192 });
    const background = await firstFrame(street ?? "");
    // Twice as fast as in the long test: a jump every half minute.
    const lightAt = (second: number) => exposureJumps(2 * second);
    const frames = filmScene(() => background, { seconds: 70, lightAt });
    const { events } = await watchFrames(frames, defaultCamera(["person", "car"]), detector);
    expect(events).toEqual([]);
  });

  test("a car that comes, parks for a minute and leaves gives one event, or a second one when it leaves", async () => {
    await using detector = await openYolov5n(weights ?? "", { width: 320, height: 192 });
    const paint = await parkedCar(await firstFrame(cars ?? ""), photograph ?? "", 70);
    const frames = filmScene(paint, { seconds: 90 });
    const { events } = await watchFrames(frames, defaultCamera(["person", "car"]), detector);
    const objects = objectsIn(events);
    expect(objects.map(({ label }) => label)).toSatisfy((labels: readonly string[]) =>
      ["car", "car,car"].includes(labels.join()),
    );
    expect(events.some(({ after }) => after.stationary)).toBe(true);
    expect(events.at(-1)?.type).toBe("end");
  });
});
