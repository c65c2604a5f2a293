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

/** How long a picture that was frozen has to change when its stream is opened again; until it does, no frame goes through. */
const SECOND_LOOK_MS = 3_000;

/**
 * Makes a check for one camera, to be put over each of its streams: frames go through until none of them has been a new
 * picture for `frozenAfterSeconds`. Of a stream that is opened afterwards none does until something changes, so that the
 * camera stays off line.
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
    // Counted from the first frame: some cameras take long to open.
    let changedMs: number | undefined;
    for await (const frame of frames) {
      const nowMs = clock.monotonicMs();
      const hasChanged = isNew(samplePicture(frame));
      if (hasChanged) frozen = false;
      if (hasChanged || changedMs === undefined) changedMs = nowMs;
      const patienceMs = frozen ? SECOND_LOOK_MS : frozenAfterSeconds * 1000;
      if (nowMs - changedMs >= patienceMs) {
        frozen = true;
        throw new TransientError(
          `${camera}: frozen, the same picture for ${frozenAfterSeconds} s, though frames arrive`,
          "Restart the camera; if it rightly shows what never changes, set its ffmpeg.frozen_after to 0.",
        );
      }
      if (!frozen) yield frame;
    }
  };
}
