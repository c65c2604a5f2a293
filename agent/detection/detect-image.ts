import type { Detector, Inference, Thresholds } from "../../detectors/detector.ts";
import { releaseMemory } from "../base/release-memory.ts";
import type { RgbImage } from "../base/rgb-image.ts";
import { fitImage } from "../preprocess/fit-image.ts";

/**
 * Detects objects in an image of any size: scales it into the model's input, runs the detector, and converts the boxes
 * back into pixels of the image.
 * @throws DetectorFault when the detector gave no answer.
 */
export async function detectImage(
  image: RgbImage,
  detector: Detector,
  thresholds: Thresholds,
): Promise<Inference> {
  const { pixels, toImage } = await fitImage(image, detector.model.input, detector.model.picture);
  const { detections, inferenceMs } = await detector.detect(pixels, thresholds);
  if (pixels !== image.pixels) releaseMemory(pixels);
  return {
    inferenceMs,
    detections: detections.map((detection) => ({ ...detection, box: toImage(detection.box) })),
  };
}
