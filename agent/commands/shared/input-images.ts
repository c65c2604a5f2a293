import { existsSync } from "node:fs";
import { basename, extname } from "node:path";
import {
  isStreamAddress,
  requireClearAddress,
  withLowerCaseScheme,
  withoutCredentials,
  withoutPossibleLogin,
} from "../../base/address.ts";
import type { Clock } from "../../base/clock.ts";
import { ConfigError } from "../../base/errors.ts";
import { plainText } from "../../base/plain-text.ts";
import type { RgbImage } from "../../base/rgb-image.ts";
import { readClip } from "../../camera/clip.ts";
import type { Frame } from "../../camera/frame.ts";
import { isImage, readImage } from "../../camera/image.ts";
import { readCamera } from "../../camera/rtsp.ts";
import { rgbOf } from "../../preprocess/rgb.ts";

/** An image, or a frame of a video or stream. */
export interface InputImage {
  readonly image: RgbImage;
  /** Seconds into the video or stream; undefined for an image. */
  readonly time: number | undefined;
  /** A name for its output file, without extension. */
  readonly name: string;
}

/** Which frames to read from a video or stream. */
export interface FrameChoice {
  /** Maximum number; undefined: all of a video, one of a stream. */
  readonly frames: number | undefined;
  /** Seconds between two frames; undefined: the video's own rate, for a stream 5 per second. */
  readonly everySeconds: number | undefined;
}

export interface ReadingOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const STREAM_FPS = 5;

/** Longest name of an image, in characters: it becomes a caption and a file name. */
const LONGEST_NAME = 100;

/** @throws ConfigError that lists every missing file; UsageError for an ambiguous address. */
export function requireInputs(inputs: readonly string[]): void {
  for (const input of inputs) if (isStreamAddress(input)) requireClearAddress(input);
  const missing = inputs.filter((input) => !isStreamAddress(input) && !existsSync(input));
  if (missing.length === 0) return;
  throw new ConfigError(
    `no such ${missing.length === 1 ? "file" : "files"}: ${missing.map(shownInput).join(", ")}`,
    "Give the path of an image or video file, or an rtsp:// URL.",
  );
}

function shownInput(input: string): string {
  return plainText(withoutPossibleLogin(input), LONGEST_NAME);
}

/** Reads an image file, or the chosen frames of a video file or an RTSP stream. */
export async function* imagesOf(
  input: string,
  choice: FrameChoice,
  { clock, signal }: ReadingOptions,
): AsyncGenerator<InputImage, void> {
  const isStream = isStreamAddress(input);
  const name = plainText(isStream ? new URL(input).hostname : basename(input, extname(input)), LONGEST_NAME);
  if (!isStream && (await isImage(input))) {
    yield { image: await readImage(input), time: undefined, name };
    return;
  }
  const fps = choice.everySeconds === undefined ? undefined : 1 / choice.everySeconds;
  const frames = isStream
    ? readCamera(
        {
          camera: withoutCredentials(input),
          address: withLowerCaseScheme(input),
          size: undefined,
          fps: fps ?? STREAM_FPS,
        },
        { clock, signal },
      )
    : readClip({ camera: name, file: input, fps }, { signal });
  const most = choice.frames ?? (isStream ? 1 : Number.POSITIVE_INFINITY);
  let first: Frame | undefined;
  for await (const frame of frames) {
    first ??= frame;
    const time = Math.round(isStream ? frame.timeMs - first.timeMs : frame.timeMs) / 1000;
    yield { image: rgbOf(frame), time, name: `${name}-${time.toFixed(3).padStart(8, "0")}` };
    if (frame.sequence + 1 >= most) return;
  }
}
