import { existsSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  isStreamAddress,
  withLowerCaseScheme,
  withoutCredentials,
  withoutPossibleLogin,
} from "../../base/address.ts";
import { requireClearAddress } from "../../base/address-mistake.ts";
import type { Clock } from "../../base/clock.ts";
import { ConfigError } from "../../base/errors.ts";
import { plainText } from "../../base/plain-text.ts";
import type { RgbImage } from "../../base/rgb-image.ts";
import type { Rotation } from "../../base/rotation.ts";
import { readClip } from "../../camera/clip.ts";
import type { Frame } from "../../camera/frame.ts";
import { isImage, readImage } from "../../camera/image.ts";
import { readCamera } from "../../camera/read-camera.ts";
import { rgbOf } from "../../preprocess/rgb.ts";

/** An image, or a frame of a clip or stream. */
export interface InputImage {
  readonly image: RgbImage;
  /** Seconds into the clip or stream; undefined for an image. */
  readonly time: number | undefined;
  /** A name for its output file, without extension. */
  readonly name: string;
}

/** Which frames to read from a clip or stream, and how to show them. */
export interface FrameChoice {
  /** Maximum number; undefined: all of a clip, one of a stream. */
  readonly frames: number | undefined;
  /** Seconds between two frames; undefined: the clip's own rate, for a stream 5 per second. */
  readonly everySeconds: number | undefined;
  /** Rotates images and frames further than they say themselves. Default: 0. */
  readonly rotate?: Rotation | undefined;
}

export interface ReadingOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const STREAM_FPS = 5;

/** Longest name of an image, in characters: it becomes a caption and a file name. */
const LONGEST_NAME = 100;

/** The path of a file that may be given as `file:name`, `file:///path` or a plain path. */
export function filePath(input: string): string {
  if (!input.startsWith("file:") || existsSync(input)) return input;
  return input.startsWith("file://") ? fileURLToPath(input) : input.slice("file:".length);
}

/** @throws ConfigError that lists every missing file; UsageError for an ambiguous address. */
export function requireInputs(
  inputs: readonly string[],
  remedy = "Give the path of an image, of a clip, of a folder of images and clips, or an rtsp:// URL.",
): void {
  for (const input of inputs) if (isStreamAddress(input)) requireClearAddress(input);
  const missing = inputs.filter((input) => !isStreamAddress(input) && !existsSync(filePath(input)));
  if (missing.length === 0) return;
  throw new ConfigError(
    `no such ${missing.length === 1 ? "file" : "files"}: ${missing.map(shownInput).join(", ")}`,
    remedy,
  );
}

const VIDEO_NAME = /\.(?:mp4|m4v|mkv|webm|mov|avi|ts|mpe?g|h26[45])$/i;

/**
 * Replaces each folder by the images and clips directly in it, sorted by name.
 * @throws ConfigError for a folder without any
 */
export async function filesOf(inputs: readonly string[]): Promise<readonly string[]> {
  const expanded: string[] = [];
  for (const input of inputs) {
    const path = filePath(input);
    if (isStreamAddress(input) || !statSync(path).isDirectory()) {
      expanded.push(input);
      continue;
    }
    const files = (await readdir(path, { withFileTypes: true })).filter((entry) => !entry.isDirectory());
    const paths = files.map(({ name }) => join(path, name)).sort();
    const before = expanded.length;
    for (const file of paths) if (VIDEO_NAME.test(file) || (await isImage(file))) expanded.push(file);
    if (expanded.length > before) continue;
    throw new ConfigError(
      `no image or clip in the folder ${shownInput(input)}`,
      "Give a folder that directly contains JPEG or PNG images or clips.",
    );
  }
  return expanded;
}

function shownInput(input: string): string {
  return plainText(withoutPossibleLogin(input), LONGEST_NAME);
}

/** Reads an image file, or the chosen frames of a clip or an RTSP stream. */
export async function* imagesOf(
  input: string,
  choice: FrameChoice,
  { clock, signal }: ReadingOptions,
): AsyncGenerator<InputImage, void> {
  const isStream = isStreamAddress(input);
  const file = filePath(input);
  const name = plainText(isStream ? new URL(input).hostname : basename(file, extname(file)), LONGEST_NAME);
  if (!isStream && (await isImage(file))) {
    yield { image: await readImage(file, choice.rotate), time: undefined, name };
    return;
  }
  const fps = choice.everySeconds === undefined ? undefined : 1 / choice.everySeconds;
  const frames = isStream
    ? readCamera(
        {
          camera: withoutCredentials(input),
          address: withLowerCaseScheme(input),
          transport: "auto",
          size: undefined,
          rotate: choice.rotate ?? 0,
          fps: fps ?? STREAM_FPS,
        },
        { clock, signal },
      )
    : readClip({ camera: name, file, rotate: choice.rotate, fps }, { signal });
  const most = choice.frames ?? (isStream ? 1 : Number.POSITIVE_INFINITY);
  let first: Frame | undefined;
  for await (const frame of frames) {
    first ??= frame;
    const time = Math.round(isStream ? frame.timeMs - first.timeMs : frame.timeMs) / 1000;
    yield { image: rgbOf(frame), time, name: `${name}-${time.toFixed(3).padStart(8, "0")}` };
    if (frame.sequence + 1 >= most) return;
  }
}
