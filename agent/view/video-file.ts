import { rmSync } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import type { Writable } from "node:stream";
import type { Size } from "../base/box.ts";
import { shortReason } from "../base/error-code.ts";
import { ConfigError, UsageError } from "../base/errors.ts";
import { type FedFfmpegRun, startFedFfmpeg } from "../camera/ffmpeg.ts";
import { signalMeaning } from "../camera/ffmpeg-end.ts";

/** A video that is being written. Leaving the scope before `finish` removes the incomplete file. */
export interface VideoFile extends AsyncDisposable {
  /**
   * Adds a frame; waits if ffmpeg is busy.
   * @param pixels RGB, row by row
   */
  add(pixels: Uint8Array): Promise<void>;
  /** Completes the file and renames it to its final name. */
  finish(): Promise<void>;
}

export interface VideoFormat extends Size {
  /** Frames per second. */
  readonly fps: number;
}

/** Visually almost lossless at about 1 Mbit/s, and fast, since the detector needs the cores. */
const QUALITY = ["-preset", "veryfast", "-crf", "20"];

/**
 * Starts an H.264 video (MP4, 4:2:0, which browsers and phones can play). Until it is complete, the file is named
 * `<file>.partial`.
 * @param format width and height must be even
 * @throws ConfigError or UsageError if the file cannot be written. `add` and `finish` throw FfmpegMissing, or ConfigError if
 * ffmpeg cannot encode.
 */
export async function createVideo(file: string, format: VideoFormat, ffmpeg = "ffmpeg"): Promise<VideoFile> {
  await requireWritableVideo(file);
  const partial = partialOf(file);
  // ffmpeg ends at the end of its input.
  const run = startFedFfmpeg(ffmpeg, encoderArgs(partial, format), new AbortController().signal);
  let isFinished = false;
  const removePartial = () => {
    if (!isFinished) rmSync(partial, { force: true });
  };
  // The process may end before the scope is left: ffmpeg takes a second to stop.
  process.once("exit", removePartial);

  return {
    async add(pixels) {
      if (run.input.write(pixels)) return;
      await drained(run.input);
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
      removePartial();
      process.off("exit", removePartial);
    },
  };
}

/** Resolves when the stream accepts more data, or when it is closed. */
function drained(input: Writable): Promise<void> {
  if (input.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      input.off("drain", done).off("close", done);
      resolve();
    };
    input.on("drain", done).on("close", done);
  });
}

/** Waits for ffmpeg. @throws ConfigError if it failed */
async function ended(run: FedFfmpegRun, file: string): Promise<void> {
  const { code, signal, errorLines } = await run.ended;
  if (code === 0) return;
  const killed = signalMeaning(signal);
  if (killed !== undefined) {
    throw new ConfigError(`ffmpeg ${killed.what} while it wrote ${file}`, killed.remedy);
  }
  const reason = errorLines.at(-1) ?? "no reason given";
  const lacksEncoder = errorLines.some((line) => /unknown encoder/i.test(line));
  throw new ConfigError(
    `ffmpeg cannot write ${file} (${reason})`,
    lacksEncoder
      ? "This ffmpeg was built without H.264 (libx264): install the ffmpeg of your distribution."
      : "Check that the disk is not full.",
  );
}

/**
 * Checks that a video can be written, before hours of work depend on it.
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
    const code = shortReason(cause);
    throw new ConfigError(
      `cannot write ${file} (${code})`,
      code === "ENOENT" ? "Create the folder first." : "Choose another folder, or check its permissions.",
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
    // Converts to the colour space that the file declares, since players assume different ones by default.
    ...["-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"],
    ...["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"],
    // `file:`: in `2026-11-29T11:00.mp4`, ffmpeg would take the text before the colon for a protocol.
    ...["-c:v", "libx264", ...QUALITY, "-movflags", "+faststart", "-f", "mp4", "-y", `file:${file}`],
  ];
}
