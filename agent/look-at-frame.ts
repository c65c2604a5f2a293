import { type Detector, DetectorFault, type Inference } from "../detectors/detector.ts";
import type { Frame } from "./camera/frame.ts";
import { findObjects } from "./preprocess/find-objects.ts";

/** Overlap above which YOLOv5's own detect.py drops the weaker of two boxes of one label. */
const NMS_IOU = 0.45;

/**
 * Finds the objects of one frame, boxes in pixels of the frame.
 * @returns undefined where the frame got no answer: the detector failed on it (and looks after itself), or the signal
 * was aborted first.
 */
export async function lookAtFrame(
  frame: Frame,
  detector: Detector,
  lowestScore: number,
  signal: AbortSignal,
): Promise<Inference | undefined> {
  if (signal.aborted) return undefined;
  const { promise: aborted, resolve: giveUp } = Promise.withResolvers<undefined>();
  const onAbort = () => giveUp(undefined);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const answer = findObjects(frame, detector, { score: lowestScore, iou: NMS_IOU });
    return await Promise.race([answer.catch(ignoreFault), aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function ignoreFault(error: unknown): undefined {
  if (!(error instanceof DetectorFault)) throw error;
}
