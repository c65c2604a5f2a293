import {
  type Detection,
  type Detector,
  DetectorFault,
  type Inference,
  type Thresholds,
} from "../detectors/detector.ts";
import type { Frame } from "./camera/frame.ts";
import { letterbox } from "./preprocess/letterbox.ts";

/** What the detector found in one frame: boxes in pixels of the frame. */
export interface Findings {
  readonly detections: readonly Detection[];
  readonly inferenceMs: number;
}

/** Overlap above which YOLOv5's own detect.py drops the weaker of two boxes of one label. */
const NMS_IOU = 0.45;

/**
 * Letterboxes a frame, has it looked at and maps the boxes back.
 * @returns undefined where the frame got no answer: the detector failed on it (and looks after itself), or the signal
 * was aborted first.
 */
export async function lookAtFrame(
  frame: Frame,
  detector: Detector,
  lowestScore: number,
  signal: AbortSignal,
): Promise<Findings | undefined> {
  const picture = await letterbox(frame, detector.model.input);
  const inference = await answerUnlessAborted(
    detector,
    picture.pixels,
    { score: lowestScore, iou: NMS_IOU },
    signal,
  );
  if (inference === undefined) return undefined;
  const detections = inference.detections.map((detection) => ({
    ...detection,
    box: picture.toFrame(detection.box),
  }));
  return { detections, inferenceMs: inference.inferenceMs };
}

async function answerUnlessAborted(
  detector: Detector,
  pixels: Uint8Array,
  thresholds: Thresholds,
  signal: AbortSignal,
): Promise<Inference | undefined> {
  if (signal.aborted) return undefined;
  const { promise: aborted, resolve: giveUp } = Promise.withResolvers<undefined>();
  const onAbort = () => giveUp(undefined);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const answer = detector.detect(pixels, thresholds).catch((error: unknown) => {
      if (error instanceof DetectorFault) return undefined;
      throw error;
    });
    return await Promise.race([answer, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
