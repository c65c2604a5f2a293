import type { Clock } from "../base/clock.ts";
import { TransientError } from "../base/errors.ts";
import type { Frame, RawFrame } from "./frame.ts";

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

/**
 * A reopened stream that was frozen must change within this time, and within this many frames after its first one: key
 * frames and the frames of slow cameras come every few seconds. Until it changes, no frame passes.
 */
const CHANGE_WITHIN_MS = 3_000;
const CHANGE_WITHIN_FRAMES = 4;

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
    let unchanged = 0;
    for await (const frame of frames) {
      const nowMs = clock.monotonicMs();
      const hasChanged = isNew(sampleFrame(frame));
      if (hasChanged) frozen = false;
      if (hasChanged || changedMs === undefined) {
        changedMs = nowMs;
        unchanged = 0;
      } else unchanged++;
      const isOver = frozen
        ? nowMs - changedMs >= CHANGE_WITHIN_MS && unchanged >= CHANGE_WITHIN_FRAMES
        : nowMs - changedMs >= frozenAfterSeconds * 1000;
      if (isOver) {
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

/** Enough to include the digits of a clock in the frame: at 640×480 every fifth row. */
const SAMPLES = 65_536;
/** Digits of fewer rows than this would be unreadable. */
const MOST_ROWS_APART = 8;
/** A decoder that starts at another key frame may round differently. */
const SAME_LEVEL = 2;
/** This many values may differ by more. A digit of a clock covers more pixels. */
const STRAY_SAMPLES = 4;
/** Between the darkest and the brightest value of a frame that shows anything. */
const LEAST_CONTRAST = 12;

/** Samples the brightness of evenly spaced rows: copying whole rows costs a tenth of copying single pixels. */
function sampleFrame({ width, height, planes }: RawFrame): Uint8Array {
  const rowsApart = Math.min(Math.ceil((width * height) / SAMPLES), MOST_ROWS_APART);
  const sample = new Uint8Array(width * Math.ceil(height / rowsApart));
  for (let y = 0, at = 0; y < height; y += rowsApart, at += width) {
    sample.set(planes.subarray(y * width, (y + 1) * width), at);
  }
  return sample;
}

/** Whether two samples show the same image, apart from differences that a decoder may cause. */
function isSameSample(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let strays = 0;
  for (let index = 0; index < a.length; index++) {
    if (Math.abs((a[index] ?? 0) - (b[index] ?? 0)) > SAME_LEVEL && ++strays > STRAY_SAMPLES) return false;
  }
  return true;
}

/** Whether the whole frame has one brightness: a covered lens, a night without light. */
function isBlank(sample: Uint8Array): boolean {
  let darkest = 255;
  let brightest = 0;
  for (const level of sample) {
    if (level < darkest) darkest = level;
    if (level > brightest) brightest = level;
  }
  return brightest - darkest < LEAST_CONTRAST;
}
