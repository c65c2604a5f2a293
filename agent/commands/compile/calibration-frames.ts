import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Size } from "../../base/box.ts";
import type { Clock } from "../../base/clock.ts";
import { ConfigError } from "../../base/errors.ts";
import { plainText } from "../../base/plain-text.ts";
import type { RgbImage } from "../../base/rgb-image.ts";
import { requireClearAddress, withoutCredentials } from "../../camera/address.ts";
import { isImage, readImage } from "../../camera/image.ts";
import { letterbox } from "../../preprocess/letterbox.ts";
import { picturesOf } from "../shared/input-images.ts";
import { onePerStretch, spreadChoice } from "./spread-choice.ts";

/** Spread over a clip, enough of them that what passes through the scene is among them. */
export const CALIBRATION_FRAMES = 64;

/** One picture of a live camera per second: a minute and a bit, in which something may pass. */
const STREAM_EVERY_SECONDS = 1;

export interface CalibrationOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** `CALIBRATION_FRAMES` when not given. */
  readonly count?: number;
  /** Told after every picture that was read, how many there were. */
  readonly onRead?: (pictures: number) => void;
}

/**
 * Frames to calibrate on, from a folder of pictures, a clip or an rtsp address: spread over all there is, letterboxed to the
 * model's input. Of a live camera the frames are those of now; files give the same ones every time.
 * @returns input.height × width × 3 bytes each, RGB
 * @throws ConfigError when there is no such source or not one picture in it, UsageError for an address that is not clear;
 * what the clip or camera throws.
 */
export async function calibrationFrames(
  source: string,
  input: Size,
  options: CalibrationOptions,
): Promise<Uint8Array[]> {
  const { signal, count = CALIBRATION_FRAMES, onRead } = options;
  const isAddress = /^rtsps?:\/\//.test(source);
  let read = 0;
  const fit = async (picture: RgbImage): Promise<Uint8Array> => (await letterbox(picture, input)).pixels;
  const told = async function* <T>(pictures: AsyncIterable<T>): AsyncGenerator<T, void> {
    for await (const picture of pictures) {
      yield picture;
      onRead?.(++read);
      if (signal.aborted) return;
    }
  };
  const pictures = isAddress
    ? cameraPictures(requireClearAddress(source), count, options)
    : (await isFolder(source))
      ? folderPictures(source, count)
      : clipPictures(source, options);
  const chosen = await spreadChoice(told(pictures), count, fit);
  if (chosen.length > 0 || signal.aborted) return chosen;
  throw new ConfigError(
    `${plainText(withoutCredentials(source))} holds no picture to calibrate on`,
    "Give a folder of JPEG or PNG pictures, a video file or an rtsp:// address.",
  );
}

async function isFolder(source: string): Promise<boolean> {
  const found = await stat(source).catch((cause: unknown) => {
    throw new ConfigError(`cannot read ${plainText(source)} to calibrate on`, "Check the path.", { cause });
  });
  return found.isDirectory();
}

/** Pictures of the folder by name; files of other kinds do not count. */
async function* folderPictures(folder: string, count: number): AsyncGenerator<RgbImage> {
  const names = (await readdir(folder)).sort();
  const images: string[] = [];
  for (const name of names) if (await isImage(join(folder, name))) images.push(join(folder, name));
  for (const image of onePerStretch(images, count)) yield await readImage(image);
}

async function* clipPictures(file: string, options: CalibrationOptions): AsyncGenerator<RgbImage> {
  const all = picturesOf(file, { frames: undefined, everySeconds: undefined }, options);
  for await (const { picture } of all) yield picture;
}

async function* cameraPictures(
  address: string,
  count: number,
  options: CalibrationOptions,
): AsyncGenerator<RgbImage> {
  const choice = { frames: count, everySeconds: STREAM_EVERY_SECONDS };
  for await (const { picture } of picturesOf(address, choice, options)) yield picture;
}
