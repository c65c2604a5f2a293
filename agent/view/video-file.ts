import { open, rename, rm, stat } from "node:fs/promises";
import type { Writable } from "node:stream";
import type { Size } from "../base/box.ts";
import { ConfigError, UsageError } from "../base/errors.ts";
import { type FedFfmpegRun, startFedFfmpeg } from "../camera/ffmpeg.ts";

/** A video that is being written. Leaving its scope before `finish` throws away what there is of it. */
export interface VideoFile extends AsyncDisposable {
  /**
   * Adds a picture; waits while ffmpeg has enough to do.
   * @param pixels RGB, row by row
   */
  add(pixels: Uint8Array): Promise<void>;
  /** Completes the file and gives it its name. */
  finish(): Promise<void>;
}

export interface VideoFormat extends Size {
  /** Pictures per second. */
  readonly fps: number;
}

/** Near lossless to the eye at about 1 Mbit/s, and quick: the detector needs the cores. */
const QUALITY = ["-preset", "veryfast", "-crf", "20"];

/**
 * Begins an H.264 video (MP4, 4:2:0, so that browsers and phones play it). It is written beside the file under the name
 * `<file>.partial` until it is complete.
 * @param format width and height are even
 * @throws ConfigError or UsageError when the file cannot be written; FfmpegMissing, or ConfigError from `add` and `finish`
 * when ffmpeg cannot encode.
 */
export async function createVideo(file: string, format: VideoFormat, ffmpeg = "ffmpeg"): Promise<VideoFile> {
  await requireWritableVideo(file);
  const partial = partialOf(file);
  // Whoever interrupts a replay wants the video up to there: not a signal ends ffmpeg, but the end of its input.
  const run = startFedFfmpeg(ffmpeg, encoderArgs(partial, format), new AbortController().signal);
  let isFinished = false;

  return {
    async add(pixels) {
      if (run.input.write(pixels)) return;
      await roomIn(run.input);
      if (run.input.destroyed) await ended(run, file);
    },
    async finish() {
      run.input.end();
      await ended(run, file);
      await rename(partial, file);
      isFinished = true;
    },
    async [Symbol.asyncDispose]() {
      await run[Symbol.asyncDispose]();
      if (!isFinished) await rm(partial, { force: true });
    },
  };
}

/** Resolves when more can be written, or when nothing can any more. */
function roomIn(input: Writable): Promise<void> {
  if (input.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      input.off("drain", done).off("close", done);
      resolve();
    };
    input.on("drain", done).on("close", done);
  });
}

/** Resolves when ffmpeg has ended well; explains it when it has not. */
async function ended(run: FedFfmpegRun, file: string): Promise<void> {
  const { code } = await run.ended;
  if (code === 0) return;
  const said = run.errorLines().at(-1) ?? "no reason given";
  const lacksEncoder = run.errorLines().some((line) => /unknown encoder/i.test(line));
  throw new ConfigError(
    `ffmpeg cannot write ${file} (${said})`,
    lacksEncoder
      ? "This ffmpeg was built without H.264 (libx264): install the one of your distribution."
      : "Check that there is room on the disk.",
  );
}

/**
 * Finds out before hours of work whether a video can be written.
 * @throws ConfigError, UsageError
 */
export async function requireWritableVideo(file: string): Promise<void> {
  if (!file.endsWith(".mp4")) {
    throw new UsageError(`--video: expected a file name that ends in .mp4, received "${file}"`);
  }
  const partial = partialOf(file);
  try {
    const isFolder = await stat(file).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (isFolder) throw new ConfigError(`cannot write ${file}: it is a folder`, "Choose another name.");
    await (await open(partial, "w")).close();
    await rm(partial);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new ConfigError(
      `cannot write ${file} (${code})`,
      code === "ENOENT" ? "Make the folder first." : "Choose another place, or check its permissions.",
      { cause },
    );
  }
}

function partialOf(file: string): string {
  return `${file}.partial`;
}

function encoderArgs(file: string, { width, height, fps }: VideoFormat): readonly string[] {
  return [
    ...["-hide_banner", "-nostdin", "-loglevel", "error"],
    ...[
      "-f",
      "rawvideo",
      "-pix_fmt",
      "rgb24",
      "-video_size",
      `${width}x${height}`,
      "-framerate",
      String(fps),
    ],
    ...["-i", "pipe:0", "-an"],
    // Said and done in the same colour space: players guess differently.
    ...["-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"],
    ...["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"],
    ...["-c:v", "libx264", ...QUALITY, "-movflags", "+faststart", "-f", "mp4", "-y", file],
  ];
}
