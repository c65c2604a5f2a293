import { isStreamAddress, withLowerCaseScheme } from "../../base/address.ts";
import { requireClearAddress } from "../../base/address-mistake.ts";
import { systemClock } from "../../base/clock.ts";
import { UsageError } from "../../base/errors.ts";
import { newestOnly } from "../../base/newest-only.ts";
import type { Rotation } from "../../base/rotation.ts";
import { readClip } from "../../camera/clip.ts";
import type { Frame } from "../../camera/frame.ts";
import { readCamera } from "../../camera/read-camera.ts";
import { catchingUp } from "../../motion/catch-up.ts";
import { newerSighting, type Sighting, watchMotion } from "../../motion/watch-motion.ts";
import type { WatchedCamera } from "../../watch-camera.ts";

/** Options that need the end of a clip. */
interface ClipOptions {
  readonly against?: string;
  readonly video?: string;
}

/** @throws UsageError if the input is the address of a camera and an option needs a clip, or if the address is ambiguous. */
export function requireClipFor(input: string, { against, video }: ClipOptions): void {
  if (!isStreamAddress(input)) return;
  requireClearAddress(input);
  const [option] = Object.entries({ against, video }).flatMap(([name, given]) => (given ? [name] : []));
  if (option === undefined) return;
  throw new UsageError(`--${option} needs a clip, not the address of a camera`, `Leave out --${option}.`);
}

/** How to read the frames of a replay. */
interface ReplayedFrames {
  readonly rotate: Rotation;
  /** Reads a clip at its own speed. */
  readonly realTime: boolean;
  readonly signal: AbortSignal;
}

/**
 * The frames of a clip or camera and their motion, from time 0 on. Of a clip, none is dropped; a camera is watched until the
 * signal is aborted, and a slow detector gets the newest frame.
 */
export function replayedSightings(
  input: string,
  camera: WatchedCamera,
  { rotate, realTime, signal }: ReplayedFrames,
): AsyncIterable<Sighting> {
  const { width, height, fps } = camera.detect;
  const size = width === undefined || height === undefined ? undefined : { width, height };
  const motionIn = (frames: AsyncIterable<Frame>) => watchMotion(frames, () => camera.motion, 1000 / fps);
  if (!isStreamAddress(input)) {
    return motionIn(readClip({ camera: camera.name, file: input, size, rotate, fps, realTime }, { signal }));
  }
  const address = withLowerCaseScheme(input);
  const stream = { camera: camera.name, address, transport: "auto", size, rotate, fps } as const;
  const frames = fromZero(readCamera(stream, { clock: systemClock, signal }));
  return newestOnly(motionIn(frames), newerSighting, catchingUp(systemClock));
}

async function* fromZero(frames: AsyncIterable<Frame>): AsyncGenerator<Frame, void> {
  let firstMs: number | undefined;
  for await (const frame of frames) {
    firstMs ??= frame.timeMs;
    yield { ...frame, timeMs: frame.timeMs - firstMs };
  }
}
