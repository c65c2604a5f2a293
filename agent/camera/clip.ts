import { stat } from "node:fs/promises";
import type { Size } from "../base/box.ts";
import { ConfigError } from "../base/errors.ts";
import { plainText } from "../base/plain-text.ts";
import { type Rotation, rotatedSize } from "../base/rotation.ts";
import { scaleAndRotate } from "./display.ts";
import { startFfmpeg } from "./ffmpeg.ts";
import { type FfmpegEnd, signalMeaning } from "./ffmpeg-end.ts";
import type { Frame } from "./frame.ts";
import { FRAME_SIZE_LIMIT, MOST_PIXELS } from "./frame-limit.ts";
import { probeVideo, type VideoProperties } from "./probe.ts";
import { LOG_OPTIONS, rawOutput, readFrames } from "./raw-frames.ts";

/** A recorded file, and the requested size and rate of its frames. */
export interface Clip {
  /** Becomes `Frame.camera`. */
  readonly camera: string;
  readonly file: string;
  /** Pixels after the rotation; undefined: the clip's own size, upright and with square pixels. */
  readonly size?: Size | undefined;
  /** Rotates the frames further than the clip says. Default: 0. */
  readonly rotate?: Rotation | undefined;
  /** Frames per second; undefined: the clip's own rate. */
  readonly fps?: number | undefined;
  /** true: at the speed of the recording. Otherwise as fast as the consumer reads. */
  readonly realTime?: boolean;
}

export interface ReadClipOptions {
  /** Ends the frames without an error when aborted. */
  readonly signal: AbortSignal;
  readonly ffmpeg?: string;
  readonly ffprobe?: string;
}

/** Characters. */
const LONGEST_NAME = 1000;

/** See `startFfmpeg`. A clip is decoded in one thread per core, each with its own frames. */
const MEMORY_MB = 1500;

/** For clips that do not state their rate. */
const DEFAULT_FPS = 10;

/**
 * Reads a recorded file at `fps` without dropping frames; `timeMs` is the position in the clip.
 * @throws ConfigError if the file does not exist or contains no video that ffmpeg can decode; FfmpegMissing.
 */
export async function* readClip(clip: Clip, options: ReadClipOptions): AsyncGenerator<Frame, void> {
  const { camera, file, rotate = 0 } = clip;
  const { signal } = options;
  const own = await probeClip(file, options);
  const size = clip.size ?? rotatedSize(own, rotate);
  const fps = clip.fps ?? own.fps ?? DEFAULT_FPS;

  const args = [
    ...LOG_OPTIONS,
    ...(clip.realTime === true ? ["-re"] : []),
    ...inputOf(file),
    ...rawOutput([`fps=${fps}`, ...scaleAndRotate(size, rotate)].join(",")),
  ];
  await using run = startFfmpeg(options.ffmpeg ?? "ffmpeg", args, signal, MEMORY_MB);
  let sequence = 0;
  for await (const frame of readFrames(run, size)) {
    if (signal.aborted) return;
    yield { camera, sequence, timeMs: (sequence * 1000) / fps, ...frame };
    sequence++;
  }
  const end = await run.ended;
  const isCut = end.signal !== null || (end.code !== 0 && sequence === 0);
  if (!signal.aborted && isCut) throw unreadable(file, end);
}

/**
 * Probes size, rate and duration of a recorded file.
 * @throws ConfigError if the file does not exist or contains no video; FfmpegMissing.
 */
export async function probeClip(file: string, options: ReadClipOptions): Promise<VideoProperties> {
  const found = await stat(file).catch((cause: unknown) => {
    throw new ConfigError(`cannot read the clip ${plainText(file, LONGEST_NAME)}`, "Check the path.", {
      cause,
    });
  });
  if (found.isDirectory()) {
    throw new ConfigError(`${plainText(file, LONGEST_NAME)} is a folder`, "Give the path of a clip in it.");
  }
  return probeVideo({
    program: options.ffprobe ?? "ffprobe",
    inputArgs: inputOf(file),
    memoryMb: MEMORY_MB,
    signal: options.signal,
    explain: (end) => unreadable(file, end),
  });
}

function unreadable(file: string, { errorLines, signal }: FfmpegEnd): ConfigError {
  const tooLarge = errorLines.find((line) => line.includes("exceeds specified max pixel count"));
  if (tooLarge !== undefined) {
    return new ConfigError(
      `the frames of ${file} are larger than ${MOST_PIXELS / 1e6} megapixels (ffmpeg: ${tooLarge})`,
      "Scale the clip to at most 4096×2176 first.",
    );
  }
  const killed = signalMeaning(signal);
  if (killed !== undefined) {
    return new ConfigError(
      `ffmpeg ${killed.what} while it decoded ${plainText(file, LONGEST_NAME)}`,
      killed.remedy,
    );
  }
  return new ConfigError(
    `${plainText(file, LONGEST_NAME)} contains no video that ffmpeg can decode (ffmpeg: ${errorLines.at(-1) ?? "no reason given"})`,
    "Try to play the file. ffprobe shows what it contains.",
  );
}

/** With the prefix, ffmpeg opens every name as a file: 11:00.mp4 would be the address of a protocol called 11. */
function inputOf(file: string): readonly string[] {
  return [...FRAME_SIZE_LIMIT, ...FILES_ONLY, "-i", `file:${file}`];
}

/** A clip must not make ffmpeg open network addresses: the file may be a playlist that names some. */
const FILES_ONLY = ["-protocol_whitelist", "file"];
