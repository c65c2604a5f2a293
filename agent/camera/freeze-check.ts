import type { Clock } from "../base/clock.ts";
import { TransientError } from "../base/errors.ts";
import type { Frame } from "./frame.ts";
import { isBlank, isSameSample, sampleFrame } from "./frame-sample.ts";

export interface FreezeCheckOptions {
  readonly camera: string;
  /** Seconds without any change after which the camera counts as frozen; 0: never. */
  readonly frozenAfterSeconds: number;
  readonly clock: Pick<Clock, "monotonicMs">;
}

/**
 * An encoder that receives the same image forever cycles through a few different frames: the key frame and the results of
 * the frames between (x264 at constant quality: two, after five key frames). An encoder with a fixed bit rate may never
 * settle; then the freeze is not detected.
 */
const FRAMES_PER_CYCLE = 8;

/** A reopened stream that was frozen must change within this time; until it changes, no frame passes. */
const CHANGE_WITHIN_MS = 3_000;

/**
 * Creates a check for one camera, to be applied to each of its streams: frames pass until none of them has changed for
 * `frozenAfterSeconds`. After that, frames of a reopened stream pass only once something changes, so the camera stays
 * offline.
 *
 * Live sensors produce noise. An encoder may remove it between key frames, but not from one key frame to the next, so the
 * time must be longer than the interval of key frames. A black frame may have no noise at all and never counts as frozen.
 * @returns frames of a stream; throws TransientError if the camera is frozen.
 */
export function freezeCheck(
  options: FreezeCheckOptions,
): (frames: AsyncIterable<Frame>) => AsyncIterable<Frame> {
  const { camera, frozenAfterSeconds, clock } = options;
  if (frozenAfterSeconds === 0) return (frames) => frames;
  /** Samples of the latest distinct frames, newest last. */
  let known: readonly Uint8Array[] = [];
  let frozen = false;

  function isNew(sample: Uint8Array): boolean {
    // The comparison comes first: it ends after a few pixels of a live frame.
    if (known.some((other) => isSameSample(other, sample)) && !isBlank(sample)) return false;
    known = [...known.slice(1 - FRAMES_PER_CYCLE), sample];
    return true;
  }

  return async function* check(frames) {
    // Time counts from the first frame: some cameras open slowly.
    let changedMs: number | undefined;
    for await (const frame of frames) {
      const nowMs = clock.monotonicMs();
      const hasChanged = isNew(sampleFrame(frame));
      if (hasChanged) frozen = false;
      if (hasChanged || changedMs === undefined) changedMs = nowMs;
      const limitMs = frozen ? CHANGE_WITHIN_MS : frozenAfterSeconds * 1000;
      if (nowMs - changedMs >= limitMs) {
        frozen = true;
        throw new TransientError(
          `${camera}: frozen, identical frames for ${frozenAfterSeconds} s`,
          "Restart the camera. If its image really never changes, set its ffmpeg.frozen_after to 0.",
        );
      }
      if (!frozen) yield frame;
    }
  };
}
