import type { CompileFileOptions } from "../../../detectors/detector.ts";
import { type ProgressStream, showProgress } from "../shared/progress.ts";
import { CALIBRATION_FRAMES, type CalibrationOptions, calibrationFrames } from "./calibration-frames.ts";

/** The part of the compiler's options that calibrates. */
export type Calibration = Required<Pick<CompileFileOptions, "calibrationImages" | "onCalibrated">> &
  Disposable;

/**
 * Calibrates on frames of `source` and shows progress: one half for reading frames, one for observing the network. Frames are
 * read once for all variants of a model.
 * @param source a folder of images, a clip or an rtsp:// URL
 */
export function calibrateVisibly(
  source: string,
  stream: ProgressStream,
  options: Pick<CalibrationOptions, "clock" | "signal">,
): Calibration {
  let frames: Promise<readonly Uint8Array[]> | undefined;
  let progress = showProgress("calibrate", stream);
  return {
    calibrationImages(input) {
      const onRead = (read: number) =>
        progress.update(Math.min(read, CALIBRATION_FRAMES), 2 * CALIBRATION_FRAMES, "reading frames");
      frames ??= calibrationFrames(source, input, { ...options, onRead });
      return frames;
    },
    onCalibrated(seen, total) {
      progress.update(
        CALIBRATION_FRAMES * (1 + seen / total),
        2 * CALIBRATION_FRAMES,
        "observing the network",
      );
      if (seen < total) return;
      progress[Symbol.dispose]();
      progress = showProgress("calibrate", stream);
    },
    [Symbol.dispose]: () => progress[Symbol.dispose](),
  };
}
