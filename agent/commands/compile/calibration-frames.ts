import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { isStreamAddress, withoutCredentials, withoutPossibleLogin } from "../../base/address.ts";
import { requireClearAddress } from "../../base/address-mistake.ts";
import type { Size } from "../../base/box.ts";
import type { Clock } from "../../base/clock.ts";
import { ConfigError } from "../../base/errors.ts";
import { plainText } from "../../base/plain-text.ts";
import type { RgbImage } from "../../base/rgb-image.ts";
import { isImage, readImage } from "../../camera/image.ts";
import { letterbox } from "../../preprocess/letterbox.ts";
import { filePath, imagesOf } from "../shared/input-images.ts";
import { onePerStretch, spreadChoice } from "./spread-choice.ts";

/** Enough frames, spread over a clip, to include objects that pass through the scene. */
export const CALIBRATION_FRAMES = 64;

/** One frame per second of a live camera: about a minute, in which objects may pass. */
const STREAM_EVERY_SECONDS = 1;

export interface CalibrationOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Default: `CALIBRATION_FRAMES`. */
  readonly count?: number;
  /** Called after every frame with the number of frames read so far. */
  readonly onRead?: (frames: number) => void;
}

/**
 * Reads calibration frames from a folder of images, a clip or an RTSP stream: evenly spread over the source, letterboxed to
 * the model's input. Files give the same frames every time.
 * @returns input.height × width × 3 bytes each, RGB
 * @throws ConfigError if the source does not exist or holds no image, UsageError for an ambiguous address, and any error of
 *   the clip or camera.
 */
export async function calibrationFrames(
  source: string,
  input: Size,
  options: CalibrationOptions,
): Promise<Uint8Array[]> {
  const { signal, count = CALIBRATION_FRAMES, onRead } = options;
  const isAddress = isStreamAddress(source);
  let read = 0;
  const fit = async (image: RgbImage): Promise<Uint8Array> => (await letterbox(image, input)).pixels;
  const counted = async function* <T>(images: AsyncIterable<T>): AsyncGenerator<T, void> {
    for await (const image of images) {
      yield image;
      onRead?.(++read);
      if (signal.aborted) return;
    }
  };
  const images = isAddress
    ? cameraFrames(requireClearAddress(source), count, options)
    : (await isFolder(filePath(source)))
      ? folderImages(filePath(source), count)
      : clipFrames(source, options);
  const chosen = await spreadChoice(counted(images), count, fit);
  if (chosen.length > 0 || signal.aborted) return chosen;
  throw new ConfigError(
    `${plainText(withoutCredentials(source))} contains no image for calibration`,
    "Give a folder of JPEG or PNG images, a clip or an rtsp:// URL.",
  );
}

async function isFolder(source: string): Promise<boolean> {
  const found = await stat(source).catch((cause: unknown) => {
    throw new ConfigError(
      `cannot read ${plainText(withoutPossibleLogin(source))} for calibration`,
      "Check the path.",
      { cause },
    );
  });
  return found.isDirectory();
}

/** The images of a folder, sorted by name. Other files are ignored. */
async function* folderImages(folder: string, count: number): AsyncGenerator<RgbImage> {
  const names = (await readdir(folder)).sort();
  const images: string[] = [];
  for (const name of names) if (await isImage(join(folder, name))) images.push(join(folder, name));
  for (const image of onePerStretch(images, count)) yield await readImage(image);
}

async function* clipFrames(file: string, options: CalibrationOptions): AsyncGenerator<RgbImage> {
  const all = imagesOf(file, { frames: undefined, everySeconds: undefined }, options);
  for await (const { image } of all) yield image;
}

async function* cameraFrames(
  address: string,
  count: number,
  options: CalibrationOptions,
): AsyncGenerator<RgbImage> {
  const choice = { frames: count, everySeconds: STREAM_EVERY_SECONDS };
  for await (const { image } of imagesOf(address, choice, options)) yield image;
}
