import { wasSetBack } from "../base/clock.ts";
import { releaseMemory } from "../base/release-memory.ts";
import type { Frame } from "../camera/frame.ts";
import type { FrameFeedback } from "../camera/frame-feedback.ts";
import type { MotionConfig } from "../config/schema.ts";
import { detectMotion, type Gate, type Motion, reconfigureGate, startGate } from "./gate.ts";

/** A frame, and the motion since the last frame that was delivered. */
export interface Sighting {
  readonly frame: Frame;
  /** undefined: the camera's motion detection is off, so that anything may have moved. */
  readonly motion: Motion | undefined;
}

/**
 * Detects motion in every frame. This takes about a millisecond, so that it keeps up where a detector does not. With
 * `newestOnly` and `newerSighting` behind it, the motion of dropped frames is not lost.
 * @param config the settings now, which may change between two frames.
 * @param intervalMs the interval of frames at `detect.fps`, milliseconds; they may come more rarely.
 * @param isOn whether motion is detected now. Default: as configured.
 */
export async function* watchMotion(
  frames: AsyncIterable<Frame>,
  config: () => MotionConfig,
  intervalMs: number,
  isOn: () => boolean = () => config().enabled,
): AsyncGenerator<Sighting, void> {
  let gate: Gate | undefined;
  let beforeMs = 0;
  for await (const frame of frames) {
    const settings = config();
    if (!isOn()) {
      gate = undefined;
      yield { frame, motion: undefined };
      continue;
    }
    const isOfSize = gate?.frame.width === frame.width && gate.frame.height === frame.height;
    const continues = isOfSize && !wasSetBack(beforeMs, frame.timeMs);
    const step = detectMotion(
      gate !== undefined && continues
        ? reconfigureGate(gate, settings)
        : startGate(frame, settings, intervalMs),
      frame,
      frame.timeMs,
    );
    gate = step.gate;
    beforeMs = frame.timeMs;
    yield { frame, motion: step.motion };
  }
}

/** Reports for each frame whether it shows motion, so that the camera can idle while nothing moves. */
export async function* reportMotion(
  sightings: AsyncIterable<Sighting>,
  feedback: FrameFeedback,
): AsyncGenerator<Sighting, void> {
  for await (const sighting of sightings) {
    const { frame, motion } = sighting;
    const isUnknown = motion === undefined || motion.calibrating;
    const seen = isUnknown ? "unknown" : motion.boxes.length > 0 ? "moved" : "still";
    feedback.report({ type: "frame", timeMs: frame.timeMs, motion: seen });
    yield sighting;
  }
}

/** The newer of two sightings of a camera, with the motion of both. Frees the memory of the older frame. */
export function newerSighting(older: Sighting, newer: Sighting): Sighting {
  releaseMemory(older.frame.planes);
  const { frame, motion } = newer;
  if (motion === undefined || older.motion === undefined) return newer;
  const calibrating = older.motion.calibrating || motion.calibrating;
  // After the whole frame changed, earlier motion cannot be told apart from that change.
  const boxes = calibrating ? [] : [...older.motion.boxes, ...motion.boxes];
  return { frame, motion: { boxes, calibrating } };
}
