import { type Detection, type Detector, DetectorFault, type Inference } from "../../detectors/detector.ts";
import type { Box } from "../base/box.ts";
import { releaseMemory } from "../base/release-memory.ts";
import type { Frame } from "../camera/frame.ts";
import { rgbOf } from "../preprocess/rgb.ts";
import { detectImage } from "./detect-image.ts";

/** Overlap above which YOLOv5's own detect.py drops the weaker of two boxes of one label. */
const NMS_IOU = 0.45;

/** A detection in pixels of the frame, and the region in which it was found. */
export interface FrameDetection extends Detection {
  readonly region: Box;
}

/** The results of the detection passes on one frame. */
export interface FrameDetections {
  /** The regions that the detector answered. */
  readonly examined: readonly Box[];
  /** An object that several regions show is listed once for each. */
  readonly detections: readonly FrameDetection[];
  /** Of the slowest region, milliseconds. */
  readonly inferenceMs: number;
}

/**
 * Detects objects in several regions of a frame, in parallel as far as the detector has instances. A region on which the
 * detector fails is left out; the detector restarts itself. The frame is no longer needed when this returns.
 * @returns undefined if the signal is aborted first.
 */
export async function detectRegions(
  frame: Frame,
  regions: readonly Box[],
  detector: Detector,
  lowestScore: number,
  signal: AbortSignal,
): Promise<FrameDetections | undefined> {
  if (signal.aborted) return undefined;
  const { promise: aborted, resolve: giveUp } = Promise.withResolvers<undefined>();
  const onAbort = () => giveUp(undefined);
  signal.addEventListener("abort", onAbort, { once: true });
  const thresholds = { score: lowestScore, iou: NMS_IOU };
  const passes = regions.map((region) => {
    const { pixels, ...size } = rgbOf(frame, region);
    return detectImage({ ...size, pixels }, detector, thresholds)
      .catch(ignoreFault)
      .finally(() => releaseMemory(pixels));
  });
  try {
    const inferences = await Promise.race([Promise.all(passes), aborted]);
    return inferences === undefined ? undefined : combined(regions, inferences);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function combined(regions: readonly Box[], inferences: readonly (Inference | undefined)[]): FrameDetections {
  const answered = regions.flatMap((region, index) => {
    const inference = inferences[index];
    return inference === undefined ? [] : [{ region, inference }];
  });
  return {
    examined: answered.map(({ region }) => region),
    detections: answered.flatMap(({ region, inference }) =>
      inference.detections.map(({ box, ...detection }) => ({
        ...detection,
        box: toFrame(box, region),
        region,
      })),
    ),
    inferenceMs: Math.max(0, ...answered.map(({ inference }) => inference.inferenceMs)),
  };
}

/** From pixels of a region to pixels of the frame. */
function toFrame([x1, y1, x2, y2]: Box, [left, top]: Box): Box {
  return [x1 + left, y1 + top, x2 + left, y2 + top];
}

function ignoreFault(error: unknown): undefined {
  if (!(error instanceof DetectorFault)) throw error;
}
