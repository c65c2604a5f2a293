import type { Detector, Inference, Thresholds } from "../../detectors/detector.ts";
import { releaseMemory } from "../base/release-memory.ts";
import { letterbox, type Picture } from "./letterbox.ts";

/**
 * Finds objects in a picture of any size: letterbox, detector, and the boxes back in pixels of the picture.
 * @throws DetectorFault when the detector gave no answer.
 */
export async function findObjects(
  picture: Picture,
  detector: Detector,
  thresholds: Thresholds,
): Promise<Inference> {
  const { pixels, toFrame } = await letterbox(picture, detector.model.input);
  const { detections, inferenceMs } = await detector.detect(pixels, thresholds);
  if (pixels !== picture.pixels) releaseMemory(pixels);
  return {
    inferenceMs,
    detections: detections.map((detection) => ({ ...detection, box: toFrame(detection.box) })),
  };
}
