import type { Box } from "../base/box.ts";
import { correctKalman, type KalmanState, predictKalman, startKalman } from "./kalman.ts";

/**
 * The estimate of a box: centre and size, each with a Kalman filter of its own. (The matrices of SORT, Bewley et al.
 * 2016, couple no two of them, so that four small filters are equivalent.)
 */
export interface BoxMotion {
  readonly centreX: KalmanState;
  readonly centreY: KalmanState;
  readonly width: KalmanState;
  readonly height: KalmanState;
}

// Noise is measured in box heights, so that near and distant people are treated alike. A person of 1.7 m starts, stops and
// turns within a second, and is rarely faster than 2 heights a second. A detector's box jitters by a few hundredths of its
// size.
const MEASURED_STD = 0.05;
const FIRST_VELOCITY_STD = 2;
const ACCELERATION_STD = 1.5;

/** The estimate after the first detection. */
export function startBox(box: Box): BoxMotion {
  const { centreX, centreY, width, height } = centred(box);
  const start = (value: number) => startKalman(value, MEASURED_STD * height, FIRST_VELOCITY_STD * height);
  return { centreX: start(centreX), centreY: start(centreY), width: start(width), height: start(height) };
}

/**
 * The estimate some time later.
 * @param keepsSize keeps the size constant: for a box out of sight, a changing size would only extrapolate noise
 * (ByteTrack, Zhang et al. 2022, stops it for the same reason).
 */
export function predictBox(motion: BoxMotion, seconds: number, keepsSize: boolean): BoxMotion {
  const accelerationStd = ACCELERATION_STD * motion.height.position;
  const size = (side: KalmanState) =>
    predictKalman(keepsSize ? { ...side, velocity: 0 } : side, seconds, accelerationStd);
  return {
    centreX: predictKalman(motion.centreX, seconds, accelerationStd),
    centreY: predictKalman(motion.centreY, seconds, accelerationStd),
    width: size(motion.width),
    height: size(motion.height),
  };
}

/** The estimate after a detection of the box. */
export function correctBox(motion: BoxMotion, box: Box): BoxMotion {
  const measured = centred(box);
  const measuredStd = MEASURED_STD * measured.height;
  return {
    centreX: correctKalman(motion.centreX, measured.centreX, measuredStd),
    centreY: correctKalman(motion.centreY, measured.centreY, measuredStd),
    width: correctKalman(motion.width, measured.width, measuredStd),
    height: correctKalman(motion.height, measured.height, measuredStd),
  };
}

/** The estimate of a box that is known to stand still. */
export function stopBox(motion: BoxMotion): BoxMotion {
  const stop = (side: KalmanState): KalmanState => ({ ...side, velocity: 0 });
  return {
    centreX: stop(motion.centreX),
    centreY: stop(motion.centreY),
    width: stop(motion.width),
    height: stop(motion.height),
  };
}

/** The estimated box in pixels, at least one pixel wide and high. */
export function boxOf({ centreX, centreY, width, height }: BoxMotion): Box {
  const halfWidth = Math.max(1, width.position) / 2;
  const halfHeight = Math.max(1, height.position) / 2;
  return [
    centreX.position - halfWidth,
    centreY.position - halfHeight,
    centreX.position + halfWidth,
    centreY.position + halfHeight,
  ];
}

function centred([x1, y1, x2, y2]: Box) {
  return { centreX: (x1 + x2) / 2, centreY: (y1 + y2) / 2, width: x2 - x1, height: y2 - y1 };
}
