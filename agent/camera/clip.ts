import { access } from "node:fs/promises";
import { ConfigError } from "../base/errors.ts";
import { plainText } from "../base/plain-text.ts";
import { startFfmpeg } from "./ffmpeg.ts";
import type { Frame } from "./frame.ts";
import { LIMITED_FRAMES, MOST_PIXELS } from "./frame-limit.ts";
import { probeVideo, type VideoProperties } from "./probe.ts";
import { rawOutput, readPictures, TALKATIVE } from "./raw-pictures.ts";

/** A recorded file and the pictures wanted from it. */
export interface Clip {
  /** What `Frame.camera` will say. */
  readonly camera: string;
  readonly file: string;
  /** Pixels; undefined: the clip's own size. */
  readonly size?: { readonly width: number; readonly height: number } | undefined;
  /** Frames per second; undefined: the clip's own rate. */
  readonly fps?: number | undefined;
  /** true: as fast as the clip was recorded. Otherwise as fast as the consumer pulls. */
  readonly realTime?: boolean;
}

export interface ReadClipOptions {
  /** Aborted: the frames end, without an error. */
  readonly signal: AbortSignal;
  readonly ffmpeg?: string;
  readonly ffprobe?: string;
}

/** Characters of a file name that are shown. */
const LONGEST_NAME = 1000;

/** A rate for streams that do not tell theirs. */
const UNKNOWN_FPS = 10;

/**
 * Every frame of a recorded file at `fps`, none dropped; `timeMs` is the position in the clip.
 * @throws ConfigError when the file is not there or holds no video ffmpeg can decode; FfmpegMissing.
 */
export async function* readClip(clip: Clip, options: ReadClipOptions): AsyncGenerator<Frame, void> {
  const { camera, file } = clip;
  const { signal } = options;
  const own = await probeClip(file, options);
  const { width, height } = clip.size ?? own;
  const fps = clip.fps ?? own.fps ?? UNKNOWN_FPS;

  const args = [
    ...TALKATIVE,
    ...(clip.realTime === true ? ["-re"] : []),
    ...inputOf(file),
    ...rawOutput(`fps=${fps},scale=${width}:${height}`),
  ];
  await using run = startFfmpeg(options.ffmpeg ?? "ffmpeg", args, signal, "", "clip");
  let sequence = 0;
  for await (const picture of readPictures(run, { width, height })) {
    if (signal.aborted) return;
    yield { camera, sequence, timeMs: (sequence * 1000) / fps, ...picture };
    sequence++;
  }
  const { code } = await run.ended;
  if (!signal.aborted && code !== 0 && sequence === 0) throw unreadable(file, run.complaints());
}

/**
 * Size, rate and length of a recorded file.
 * @throws ConfigError when it is not there or holds no video; FfmpegMissing.
 */
export async function probeClip(file: string, options: ReadClipOptions): Promise<VideoProperties> {
  await access(file).catch((cause: unknown) => {
    throw new ConfigError(`cannot read the clip ${plainText(file, LONGEST_NAME)}`, "Check the path.", {
      cause,
    });
  });
  return probeVideo({
    program: options.ffprobe ?? "ffprobe",
    inputArgs: inputOf(file),
    decodes: "clip",
    signal: options.signal,
    explain: (complaints) => unreadable(file, complaints),
  });
}

function unreadable(file: string, complaints: readonly string[]): ConfigError {
  const tooLarge = complaints.find((line) => line.includes("exceeds specified max pixel count"));
  if (tooLarge !== undefined) {
    return new ConfigError(
      `the frames of ${file} are larger than ${MOST_PIXELS / 1e6} megapixels (ffmpeg: ${tooLarge})`,
      "Scale the clip to at most 4096×2176 first.",
    );
  }
  return new ConfigError(
    `${plainText(file, LONGEST_NAME)} holds no video that ffmpeg can decode (ffmpeg: ${complaints.at(-1) ?? "no reason given"})`,
    "Try to play the file; ffprobe tells what it holds.",
  );
}

function inputOf(file: string): readonly string[] {
  return [...LIMITED_FRAMES, ...FILES_ONLY, "-i", file];
}

/** A clip must not make ffmpeg open addresses: playlists can name them. */
const FILES_ONLY = ["-protocol_whitelist", "file"];
