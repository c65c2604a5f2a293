import type { Clock } from "../base/clock.ts";
import { TransientError } from "../base/errors.ts";
import type { Frame } from "./frame.ts";
import { isSamePicture, samplePicture, saysNothing } from "./picture-sample.ts";

export interface FrozenPictureOptions {
  readonly camera: string;
  /** Seconds in which nothing may change before the picture counts as frozen; 0: it never does. */
  readonly frozenAfterSeconds: number;
  readonly clock: Pick<Clock, "monotonicMs">;
}

/**
 * Pictures among which an encoder goes round when it is fed the same one for ever: a key frame and what the frames between
 * make of it (x264 at constant quality: two, once five key frames have taught it how; one with a rate to keep may never
 * come to rest, and then nothing is noticed).
 */
const PICTURES_OF_ONE = 8;

/**
 * Makes a check for one camera, to be put over each of its streams: frames go through until none of them has been a new
 * picture for `frozenAfterSeconds`. A stream that shows nothing but the same picture again afterwards is refused with its
 * first frame, so that the camera stays off line until something changes.
 *
 * Live sensors have noise. An encoder may remove it, frame after frame, but not from one key frame to the next; so the
 * time must be longer than key frames are apart. Neither of that holds for a black picture, which is never frozen.
 * @returns frames of a stream; throws TransientError where the picture is frozen.
 */
export function refuseFrozenPicture(
  options: FrozenPictureOptions,
): (frames: AsyncIterable<Frame>) => AsyncIterable<Frame> {
  const { camera, frozenAfterSeconds, clock } = options;
  if (frozenAfterSeconds === 0) return (frames) => frames;
  /** The latest pictures that differ from each other, newest last. */
  let known: readonly Uint8Array[] = [];
  let frozen = false;

  function isNew(sample: Uint8Array): boolean {
    // In this order: of a live picture the first pixels say that it is another.
    if (known.some((picture) => isSamePicture(picture, sample)) && !saysNothing(sample)) return false;
    known = [...known.slice(1 - PICTURES_OF_ONE), sample];
    return true;
  }

  return async function* check(frames) {
    let changedMs = clock.monotonicMs();
    for await (const frame of frames) {
      const nowMs = clock.monotonicMs();
      if (isNew(samplePicture(frame))) {
        changedMs = nowMs;
        frozen = false;
      } else {
        frozen ||= nowMs - changedMs >= frozenAfterSeconds * 1000;
      }
      if (frozen) {
        throw new TransientError(
          `${camera}: frozen, the same picture for ${frozenAfterSeconds} s, though frames arrive`,
          "Restart the camera; if it rightly shows what never changes, set its ffmpeg.frozen_after to 0.",
        );
      }
      yield frame;
    }
  };
}
