import { InferenceSession, Tensor } from "onnxruntime-node";
import { intersectionOverUnion } from "../../../agent/base/box.ts";
import type { RgbImage } from "../../../agent/base/rgb-image.ts";
import { letterbox } from "../../../agent/preprocess/letterbox.ts";
import type { Box } from "../../../detectors/detector.ts";

const SIDE = 640;
const AREA = SIDE * SIDE;
/** Length of a row of YOLOv5's output: centre, size, objectness, and scores of COCO's 80 classes. */
const ROW = 85;
const NMS_IOU = 0.45;

/** Finds the objects of one class in whole images; boxes in pixels of the image, best score first. */
export interface WholeImageDetector extends AsyncDisposable {
  find(image: RgbImage, label: number, lowestScore: number): Promise<readonly Box[]>;
}

/** YOLOv5n as it is commonly used: the exported ONNX model in onnxruntime-node, on the whole image at 640×640. */
export async function openOnnxruntimeDetector(onnxPath: string): Promise<WholeImageDetector> {
  const session = await InferenceSession.create(onnxPath, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const [inputName = "", outputName = ""] = [session.inputNames[0], session.outputNames[0]];
  const planes = new Float32Array(3 * AREA);
  return {
    async find(image, label, lowestScore) {
      const { pixels, toImage } = await letterbox(image, { width: SIDE, height: SIDE });
      for (let i = 0; i < AREA; i++) {
        for (let colour = 0; colour < 3; colour++)
          planes[colour * AREA + i] = (pixels[3 * i + colour] ?? 0) / 255;
      }
      const output = await session.run({ [inputName]: new Tensor("float32", planes, [1, 3, SIDE, SIDE]) });
      const rows = output[outputName]?.data;
      if (!(rows instanceof Float32Array)) throw new Error("expected one output of 32-bit floats");
      return suppressed(boxesIn(rows, label, lowestScore)).map(toImage);
    },
    [Symbol.asyncDispose]: () => session.release(),
  };
}

interface ScoredBox {
  readonly box: Box;
  readonly score: number;
}

function boxesIn(rows: Float32Array, label: number, lowestScore: number): readonly ScoredBox[] {
  const boxes: ScoredBox[] = [];
  for (let at = 0; at < rows.length; at += ROW) {
    const score = (rows[at + 4] ?? 0) * (rows[at + 5 + label] ?? 0);
    if (score < lowestScore) continue;
    const [x = 0, y = 0, width = 0, height = 0] = rows.subarray(at, at + 4);
    boxes.push({ box: [x - width / 2, y - height / 2, x + width / 2, y + height / 2], score });
  }
  return boxes.toSorted((a, b) => b.score - a.score);
}

function suppressed(boxes: readonly ScoredBox[]): readonly Box[] {
  const kept: Box[] = [];
  for (const { box } of boxes) {
    if (kept.every((better) => intersectionOverUnion(better, box) <= NMS_IOU)) kept.push(box);
  }
  return kept;
}
