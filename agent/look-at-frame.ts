import { type Box, type Detector, DetectorFault, type Inference } from "../detectors/detector.ts";
import { releaseMemory } from "./base/release-memory.ts";
import type { Frame } from "./camera/frame.ts";
import { findObjects } from "./preprocess/find-objects.ts";
import { rgbOf } from "./preprocess/rgb.ts";
import type { Finding } from "./tracking/finding.ts";

/** Overlap above which YOLOv5's own detect.py drops the weaker of two boxes of one label. */
const NMS_IOU = 0.45;

/** What the detector said of a frame. */
export interface Answer {
  /** The regions it answered. */
  readonly looked: readonly Box[];
  /** Boxes in pixels of the frame; an object that several regions show is in here once for each. */
  readonly findings: readonly Finding[];
  /** Of the slowest region, milliseconds. */
  readonly inferenceMs: number;
}

/**
 * Finds the objects in several regions of one frame, side by side as far as the detector has instances. A region that
 * the detector fails on (it looks after itself) is left out. When it returns, the frame is not needed any more.
 * @returns undefined where the signal was aborted first.
 */
export async function lookAtFrame(
  frame: Frame,
  regions: readonly Box[],
  detector: Detector,
  lowestScore: number,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  if (signal.aborted) return undefined;
  const { promise: aborted, resolve: giveUp } = Promise.withResolvers<undefined>();
  const onAbort = () => giveUp(undefined);
  signal.addEventListener("abort", onAbort, { once: true });
  const thresholds = { score: lowestScore, iou: NMS_IOU };
  const answers = regions.map((region) => {
    const { pixels, ...size } = rgbOf(frame, region);
    return findObjects({ ...size, pixels }, detector, thresholds)
      .catch(ignoreFault)
      .finally(() => releaseMemory(pixels));
  });
  try {
    const inferences = await Promise.race([Promise.all(answers), aborted]);
    return inferences === undefined ? undefined : together(regions, inferences);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function together(regions: readonly Box[], inferences: readonly (Inference | undefined)[]): Answer {
  const answered = regions.flatMap((region, index) => {
    const inference = inferences[index];
    return inference === undefined ? [] : [{ region, inference }];
  });
  return {
    looked: answered.map(({ region }) => region),
    findings: answered.flatMap(({ region, inference }) =>
      inference.detections.map(({ box, ...detection }) => ({
        ...detection,
        box: moved(box, region),
        region,
      })),
    ),
    inferenceMs: Math.max(0, ...answered.map(({ inference }) => inference.inferenceMs)),
  };
}

/** From pixels of a region to pixels of the frame. */
function moved([x1, y1, x2, y2]: Box, [left, top]: Box): Box {
  return [x1 + left, y1 + top, x2 + left, y2 + top];
}

function ignoreFault(error: unknown): undefined {
  if (!(error instanceof DetectorFault)) throw error;
}
