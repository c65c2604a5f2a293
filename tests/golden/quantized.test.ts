import { describe, expect, test } from "vitest";
import { intersectionOverUnion } from "../../agent/base/box.ts";
import { compileFile } from "../../detectors/compiler/compile-file.ts";
import { findMedia, findModel } from "../support/base/materials.ts";
import { type ModuleAnswer, openModule } from "../support/detectors/open-module.ts";
import { loadImage } from "../support/models/logits.ts";

const CALIBRATED_ON = ["dog", "horses", "kite", "person", "street", "room"];
const NOT_SEEN_BEFORE = ["bus", "zidane", "giraffe", "eagle", "messi"];
const SIZE = { width: 640, height: 384 };
const THRESHOLDS = { score: 0.25, iou: 0.45 };
/** A detection that is as sure as this must not be lost; what is less sure may end on the other side of the threshold. */
const SURE = 0.35;

const checkpoint = findModel("yolov5n.pt");
const paths = (names: readonly string[]) => names.flatMap((name) => findMedia(`images/${name}.jpg`) ?? []);
const isMaterialHere =
  checkpoint !== undefined && paths([...CALIBRATED_ON, ...NOT_SEEN_BEFORE]).length === 11;
const load = (names: readonly string[]) => Promise.all(paths(names).map((path) => loadImage(path, SIZE)));

type Found = ModuleAnswer["detections"];

/** The sure detections of the truth that another module has found as well: same label, and an overlap of at least this. */
function share(truth: readonly Found[], others: readonly Found[], overlap: number): number {
  const sure = truth.flatMap((found, image) =>
    found.filter(({ score }) => score >= SURE).map((detection) => ({ detection, image })),
  );
  expect(sure.length).toBeGreaterThan(10);
  const found = sure.filter(({ detection, image }) =>
    others[image]?.some(
      (other) =>
        other.label === detection.label &&
        intersectionOverUnion(asBox(other.box), asBox(detection.box)) >= overlap,
    ),
  );
  return found.length / sure.length;
}

function asBox([x1 = 0, y1 = 0, x2 = 0, y2 = 0]: readonly number[]) {
  return [x1, y1, x2, y2] as const;
}

describe.skipIf(!isMaterialHere)("YOLOv5n in integers sees what it sees in f32", () => {
  const answersOf = async (precision: "f32" | "i16" | "i8") => {
    const model = await compileFile(checkpoint ?? "", {
      size: SIZE,
      precision,
      target: precision === "i8" ? "relaxed" : "simd128",
      // i16 needs no calibration images.
      ...(precision === "i8" ? { calibrationImages: () => load(CALIBRATED_ON) } : {}),
    });
    const infer = await openModule(model);
    return {
      model,
      answers: (await load(NOT_SEEN_BEFORE)).map((image) => infer(image, THRESHOLDS).detections),
    };
  };

  let truth: Promise<Awaited<ReturnType<typeof answersOf>>["answers"]> | undefined;
  const truthOf = () => {
    truth ??= answersOf("f32").then(({ answers }) => answers);
    return truth;
  };

  test("i16: every detection, boxes the same to a hundredth, in half the bytes", async () => {
    const truth = await truthOf();
    const { model, answers } = await answersOf("i16");
    expect(share(truth, answers, 0.98)).toBe(1);
    expect(share(answers, truth, 0.98)).toBe(1);
    expect(model.description.precision).toBe("i16");
    expect(model.description.features).not.toContain("relaxed-simd");
    expect(model.bytes.length).toBeLessThanOrEqual(4_200_000);
  });

  test("i8: nine of ten detections on images it was not calibrated on, in a quarter of the bytes", async () => {
    const truth = await truthOf();
    const { model, answers } = await answersOf("i8");
    expect(share(truth, answers, 0.5)).toBeGreaterThanOrEqual(0.9);
    expect(share(answers, truth, 0.5)).toBeGreaterThanOrEqual(0.9);
    expect(model.description.precision).toBe("i8");
    expect(model.description.features).toContain("relaxed-simd");
    expect(model.bytes.length).toBeLessThanOrEqual(2_400_000);
  });
});
