import type { Size } from "../base/box.ts";
import type { Clock } from "../base/clock.ts";
import { TransientError } from "../base/errors.ts";
import { explainFailure, FATAL_MESSAGES } from "./explain-failure.ts";
import { requireProgram, startFfmpeg } from "./ffmpeg.ts";
import { limitRate, requireSize } from "./ffmpeg-filters.ts";
import type { Frame } from "./frame.ts";
import { FRAME_SIZE_LIMIT, requireSupportedSize } from "./frame-limit.ts";
import { type InputOptions, PLAYLIST_ARGS, playlistOf } from "./playlist.ts";
import { probeVideo } from "./probe.ts";
import { LOG_OPTIONS, rawOutput, readFrames } from "./raw-frames.ts";
import { checkStream } from "./rtsp/check-stream.ts";
import { USER_AGENT } from "./rtsp/connection.ts";

/** A camera's stream, and the requested size and rate of its frames. */
export interface CameraStream {
  /** The camera's name. */
  readonly camera: string;
  /** rtsp:// or rtsps://, credentials included. */
  readonly address: string;
  /** Pixels; undefined: the stream's own size. */
  readonly size: Size | undefined;
  /** Maximum frames per second. */
  readonly fps: number;
}

export interface ReadCameraOptions {
  readonly clock: Clock;
  /** Ends the frames without an error when aborted. */
  readonly signal: AbortSignal;
  /** The stream's own size, if it is known; a wrong size is an error. Default: the stream is probed. */
  readonly expectedSize?: Size | undefined;
  /** Called for every access unit that arrives, whether it is decoded or not. */
  readonly onArrival?: () => void;
  /** Milliseconds without a frame after which the stream counts as frozen. Default: `frozenAfterMs(fps)`. */
  readonly frozenAfterMs?: number;
  /** Default: `ffmpeg` and `ffprobe` from PATH. */
  readonly ffmpeg?: string;
  readonly ffprobe?: string;
}

/**
 * Ten seconds, or five frames of a slow stream, since some cameras send a frame only every few seconds when nothing moves.
 * Not longer, since a frozen frame must not pass as live for long.
 */
export function frozenAfterMs(fps: number): number {
  return Math.max(10_000, 5000 / fps);
}

/** The longest time that `readCamera` needs from its call, or from a frame, to the next frame or to its failure. */
export function longestSilenceMs(fps: number): number {
  return CHECK_TIMEOUT_MS + PROBE_TIMEOUT_MS + frozenAfterMs(fps) + 2 * FFMPEG_EXTRA_MS + STOPS_WITHIN_MS;
}

/**
 * Reads the frames of an RTSP camera as they arrive; `sequence` counts from 0.
 *
 * Returns only when aborted; a stream that ends is an error. The consumer must keep up (see newestOnly).
 * @throws TransientError if the camera cannot be reached, disconnects or freezes; ConfigError if it refuses the password,
 * has no such stream or no video that ffmpeg can decode; FfmpegMissing.
 */
export async function* readCamera(
  stream: CameraStream,
  options: ReadCameraOptions,
): AsyncGenerator<Frame, void> {
  const { camera, fps } = stream;
  const { clock, signal, ffmpeg = "ffmpeg" } = options;
  requireProgram(ffmpeg);
  const timeoutMs = options.frozenAfterMs ?? frozenAfterMs(fps);
  const address = await resolveAddress(stream, Math.min(timeoutMs, CHECK_TIMEOUT_MS), signal);
  if (address === undefined) return;
  const size = stream.size ?? options.expectedSize ?? (await probeSize({ ...stream, address }, options));
  if (size === undefined || signal.aborted) return;

  // The description of the stream (SDP) states size and codec. Probing would delay the first frames by seconds.
  const input = playlistOf(address, { ...transport(timeoutMs), probesize: "32" });
  const args = streamArgs(fps, size, stream.size === undefined);
  await using run = startFfmpeg(ffmpeg, args, signal, input, "camera");
  void run.waitForLine(FATAL_MESSAGES).then((line) => line !== undefined && run.stop());
  const frames = readFrames(run, size);
  let sequence = 0;
  let frozen = false;
  try {
    while (true) {
      // Runs only while we wait: a slow consumer does not mean that the camera is frozen.
      const watchdog = setTimeout(() => {
        frozen = true;
        run.stop();
      }, timeoutMs);
      const next = await frames.next().finally(() => clearTimeout(watchdog));
      if (next.done === true || signal.aborted) break;
      options.onArrival?.();
      yield { camera, sequence, timeMs: clock.nowMs(), ...next.value };
      sequence++;
    }
  } finally {
    await frames.return();
  }
  if (signal.aborted) return;
  await run.ended;
  throw frozen ? frozenError(camera, sequence, timeoutMs) : explainFailure(camera, run.errorLines());
}

function frozenError(camera: string, frames: number, timeoutMs: number): TransientError {
  const seconds = Math.round(timeoutMs / 100) / 10;
  return new TransientError(
    frames === 0
      ? `${camera}: no frame within ${seconds} s: the camera does not answer, or sends nothing`
      : `${camera}: frozen, no frame for ${seconds} s`,
    "Check the camera and the network. The agent reopens the stream automatically.",
  );
}

/** @returns the address for ffmpeg; undefined if aborted */
async function resolveAddress({ camera, address }: CameraStream, withinMs: number, signal: AbortSignal) {
  const timeout = AbortSignal.timeout(withinMs);
  try {
    return await checkStream(camera, address, AbortSignal.any([signal, timeout]));
  } catch (error) {
    if (signal.aborted) return undefined;
    throw timeout.aborted ? frozenError(camera, 0, withinMs) : error;
  }
}

/** @returns the stream's own size; undefined if aborted */
async function probeSize({ camera, address }: CameraStream, options: ReadCameraOptions) {
  const timeout = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  try {
    const { width, height } = await probeVideo({
      program: options.ffprobe ?? "ffprobe",
      inputArgs: PLAYLIST_ARGS,
      // By default, ffprobe counts frames for two seconds to find the frame rate, which is not needed here.
      stdin: playlistOf(address, { ...transport(PROBE_TIMEOUT_MS), fpsprobesize: "0" }),
      decodes: "camera",
      signal: AbortSignal.any([options.signal, timeout]),
      explain: (errorLines) => explainFailure(camera, errorLines),
    });
    requireSupportedSize(camera, { width, height });
    return { width, height };
  } catch (error) {
    if (options.signal.aborted) return undefined;
    throw timeout.aborted ? frozenError(camera, 0, PROBE_TIMEOUT_MS) : error;
  }
}

const CHECK_TIMEOUT_MS = 10_000;
/** The same as for a frame. */
const PROBE_TIMEOUT_MS = 10_000;

/** ffmpeg's own timeout is a fallback, longer than our watchdog, so that a silent camera always causes our error. */
const FFMPEG_EXTRA_MS = 1000;
/** ffmpeg is asked to stop and killed a second later. On a busy machine it takes a few seconds to exit. */
const STOPS_WITHIN_MS = 5000;

/**
 * ffmpeg's options for connecting to a camera. TCP, since UDP loses packets, and a lost packet damages frames until the
 * next key frame. The whitelist prevents a hostile camera from directing ffmpeg to files and to other protocols. It does
 * not prevent a redirect to another RTSP server, which would receive user and password: `checkStream` refuses that.
 */
export function transport(timeoutMs: number): InputOptions {
  return {
    rtsp_transport: "tcp",
    allowed_media_types: "video",
    timeout: String(Math.round((timeoutMs + FFMPEG_EXTRA_MS) * 1000)),
    protocol_whitelist: "rtsp,tcp,tls",
    user_agent: USER_AGENT,
  };
}

/** @param isOwn the size is the stream's own, and frames of another size are an error. */
function streamArgs(fps: number, size: Size, isOwn: boolean): string[] {
  const fit = isOwn ? requireSize(size) : `scale=${size.width}:${size.height}`;
  return [
    ...LOG_OPTIONS,
    ...["-probesize", "32"],
    // Each decoder thread adds a delay of one frame and needs memory.
    ...["-threads", "1"],
    ...FRAME_SIZE_LIMIT,
    ...PLAYLIST_ARGS,
    ...["-fps_mode", "passthrough"],
    ...rawOutput(`${limitRate(fps)},${fit}`),
  ];
}
