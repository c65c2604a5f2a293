import { wasSetBack } from "../base/clock.ts";
import { releaseMemory } from "../base/release-memory.ts";
import type { Frame } from "../camera/frame.ts";
import type { MotionConfig } from "../config/schema.ts";
import { type Gate, lookForMotion, type Motion, startGate } from "./gate.ts";

/** A frame, and what moved since the last frame that was handed on. */
export interface Sighting {
  readonly frame: Frame;
  /** undefined: the camera's motion detection is switched off, so that anything may have moved. */
  readonly motion: Motion | undefined;
}

/**
 * Looks at every frame for motion. This costs a millisecond, so that it keeps up where a detector does not: put
 * `newestOnly` with `newerSighting` behind it, and no motion is lost with the frames that are.
 */
export async function* watchMotion(
  frames: AsyncIterable<Frame>,
  config: MotionConfig,
): AsyncGenerator<Sighting, void> {
  let gate: Gate | undefined;
  let beforeMs = 0;
  for await (const frame of frames) {
    if (!config.enabled) {
      yield { frame, motion: undefined };
      continue;
    }
    const isOfSize = gate?.frame.width === frame.width && gate.frame.height === frame.height;
    const goesOn = isOfSize && !wasSetBack(beforeMs, frame.timeMs);
    const look = lookForMotion(
      gate !== undefined && goesOn ? gate : startGate(frame, config),
      frame,
      frame.timeMs,
    );
    gate = look.gate;
    beforeMs = frame.timeMs;
    yield { frame, motion: look.motion };
  }
}

/** The newer of two sightings of a camera, with the motion of both; the older frame's memory is given back. */
export function newerSighting(older: Sighting, newer: Sighting): Sighting {
  releaseMemory(older.frame.planes);
  const { frame, motion } = newer;
  if (motion === undefined || older.motion === undefined) return newer;
  const calibrating = older.motion.calibrating || motion.calibrating;
  // What moved before everything changed is not to be told from what changed.
  const boxes = calibrating ? [] : [...older.motion.boxes, ...motion.boxes];
  return { frame, motion: { boxes, calibrating } };
}
