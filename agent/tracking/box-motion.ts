import type { Box } from "../../detectors/detector.ts";
import { correctMotion, type Motion, predictMotion, startMotion } from "./kalman.ts";

/**
 * Where a box is believed to be: centre and size, each moving on its own. (SORT's matrices, Bewley et al. 2016, join no
 * two of them either, so four small filters are the same filter.)
 */
export interface BoxMotion {
  readonly centreX: Motion;
  readonly centreY: Motion;
  readonly width: Motion;
  readonly height: Motion;
}

// All noise is in box heights, so that a near person and a far one are treated alike. A person of 1.7 m starts
// walking with about 1 m/s², turns within a second, and is rarely faster than 2 heights a second; a detector's box
// jitters by some hundredths of its size.
const MEASURED_STD = 0.05;
const FIRST_VELOCITY_STD = 2;
const ACCELERATION_STD = 1;

/** A box seen for the first time. */
export function startBox(box: Box): BoxMotion {
  const { centreX, centreY, width, height } = centred(box);
  const start = (value: number) => startMotion(value, MEASURED_STD * height, FIRST_VELOCITY_STD * height);
  return { centreX: start(centreX), centreY: start(centreY), width: start(width), height: start(height) };
}

/**
 * The same box some time later.
 * @param sizeKeeps the size stays as it is: of a box that is out of sight, a growing or shrinking size is only noise
 * carried on (ByteTrack, Zhang et al. 2022, stops it for the same reason).
 */
export function predictBox(motion: BoxMotion, seconds: number, sizeKeeps: boolean): BoxMotion {
  const accelerationStd = ACCELERATION_STD * motion.height.position;
  const size = (side: Motion) =>
    predictMotion(sizeKeeps ? { ...side, velocity: 0 } : side, seconds, accelerationStd);
  return {
    centreX: predictMotion(motion.centreX, seconds, accelerationStd),
    centreY: predictMotion(motion.centreY, seconds, accelerationStd),
    width: size(motion.width),
    height: size(motion.height),
  };
}

/** The belief after the box was seen here. */
export function correctBox(motion: BoxMotion, box: Box): BoxMotion {
  const seen = centred(box);
  const measuredStd = MEASURED_STD * seen.height;
  return {
    centreX: correctMotion(motion.centreX, seen.centreX, measuredStd),
    centreY: correctMotion(motion.centreY, seen.centreY, measuredStd),
    width: correctMotion(motion.width, seen.width, measuredStd),
    height: correctMotion(motion.height, seen.height, measuredStd),
  };
}

/** The belief about a box that is known to stand still. */
export function stopBox(motion: BoxMotion): BoxMotion {
  const stop = (side: Motion): Motion => ({ ...side, velocity: 0 });
  return {
    centreX: stop(motion.centreX),
    centreY: stop(motion.centreY),
    width: stop(motion.width),
    height: stop(motion.height),
  };
}

/** The belief as a box in pixels, never thinner than one. */
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
