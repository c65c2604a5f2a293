import type { Size } from "../base/box.ts";
import type { Clock } from "../base/clock.ts";
import { TransientError } from "../base/errors.ts";
import { atMost } from "./at-most.ts";
import { explainFailure, HOPELESS } from "./explain-failure.ts";
import { requireProgram, startFfmpeg } from "./ffmpeg.ts";
import type { Frame } from "./frame.ts";
import { LIMITED_FRAMES, requireModestSize } from "./frame-limit.ts";
import { onlyOfSize } from "./only-of-size.ts";
import { type InputOptions, PLAYLIST_ARGS, playlistOf } from "./playlist.ts";
import { probeVideo } from "./probe.ts";
import { rawOutput, readPictures, TALKATIVE } from "./raw-pictures.ts";
import { askCamera } from "./rtsp/ask-camera.ts";
import { USER_AGENT } from "./rtsp/connection.ts";

/** A camera's stream and the pictures wanted from it. */
export interface CameraStream {
  /** The camera's name. */
  readonly camera: string;
  /** rtsp:// or rtsps://, credentials included. */
  readonly address: string;
  /** Pixels; undefined: the stream's own size. */
  readonly size: Size | undefined;
  /** Frames per second at most. */
  readonly fps: number;
}

/** What reading a camera needs from outside. */
export interface ReadCameraOptions {
  readonly clock: Clock;
  /** Aborted: the frames end, without an error. */
  readonly signal: AbortSignal;
  /** Where the stream's own size is wanted: what it is taken for. It fails where that is wrong. Default: the camera is asked. */
  readonly supposedSize?: Size | undefined;
  /** Milliseconds without a frame after which the stream counts as frozen. Default: `frozenAfterMs(fps)`. */
  readonly frozenAfterMs?: number;
  /** Default: `ffmpeg` and `ffprobe` from PATH. */
  readonly ffmpeg?: string;
  readonly ffprobe?: string;
}

/**
 * Ten seconds, and for slow streams five frames: cameras that send a picture every few seconds when nothing moves are
 * alive, while a frozen picture shown as live is the worst a watcher can do.
 */
export function frozenAfterMs(fps: number): number {
  return Math.max(10_000, 5000 / fps);
}

/** The longest that `readCamera` takes from its call, or from one frame, to the next frame or its failure. */
export function longestSilenceMs(fps: number): number {
  return ASK_TIMEOUT_MS + PROBE_TIMEOUT_MS + frozenAfterMs(fps) + 2 * FFMPEG_LATER_MS + STOPS_WITHIN_MS;
}

/**
 * Frames of an RTSP camera as they arrive; `sequence` counts from 0.
 *
 * Ends only by an abort or an error: whatever ends the stream is one. The consumer must keep up (see newestOnly).
 * @throws TransientError when the camera cannot be reached, goes away or freezes; ConfigError when it refuses the
 * password, has no such stream or no video ffmpeg can decode; FfmpegMissing.
 */
export async function* readCamera(
  stream: CameraStream,
  options: ReadCameraOptions,
): AsyncGenerator<Frame, void> {
  const { camera, fps } = stream;
  const { clock, signal, ffmpeg = "ffmpeg" } = options;
  requireProgram(ffmpeg);
  const patienceMs = options.frozenAfterMs ?? frozenAfterMs(fps);
  const address = await ask(stream, Math.min(patienceMs, ASK_TIMEOUT_MS), signal);
  if (address === undefined) return;
  const size = stream.size ?? options.supposedSize ?? (await probeSize({ ...stream, address }, options));
  if (size === undefined || signal.aborted) return;

  // Size and codec are in the stream's description (SDP). Probing would hold the first pictures back for seconds.
  const input = playlistOf(address, { ...transport(patienceMs), probesize: "32" });
  const args = streamArgs(fps, size, stream.size === undefined);
  await using run = startFfmpeg(ffmpeg, args, signal, input, "camera");
  void run.heard(HOPELESS).then((line) => line !== undefined && run.stop());
  const frames = readPictures(run, size);
  let sequence = 0;
  let frozen = false;
  try {
    while (true) {
      // Runs only while we wait: a slow consumer is no frozen camera.
      const watchdog = setTimeout(() => {
        frozen = true;
        run.stop();
      }, patienceMs);
      const next = await frames.next().finally(() => clearTimeout(watchdog));
      if (next.done === true || signal.aborted) break;
      yield { camera, sequence, timeMs: clock.nowMs(), ...next.value };
      sequence++;
    }
  } finally {
    await frames.return();
  }
  if (signal.aborted) return;
  await run.ended;
  throw frozen ? frozenError(camera, sequence, patienceMs) : explainFailure(camera, run.complaints());
}

function frozenError(camera: string, frames: number, patienceMs: number): TransientError {
  const seconds = Math.round(patienceMs / 100) / 10;
  return new TransientError(
    frames === 0
      ? `${camera}: no picture within ${seconds} s: the camera does not answer, or sends nothing`
      : `${camera}: frozen, no picture for ${seconds} s`,
    "Check the camera and the network between; the stream is opened again by itself.",
  );
}

/** The address that ffmpeg is given; undefined when aborted meanwhile. */
async function ask({ camera, address }: CameraStream, withinMs: number, signal: AbortSignal) {
  const patience = AbortSignal.timeout(withinMs);
  try {
    return await askCamera(camera, address, AbortSignal.any([signal, patience]));
  } catch (error) {
    if (signal.aborted) return undefined;
    throw patience.aborted ? frozenError(camera, 0, withinMs) : error;
  }
}

/** The stream's own size; undefined when aborted meanwhile. */
async function probeSize({ camera, address }: CameraStream, options: ReadCameraOptions) {
  const patience = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  try {
    const { width, height } = await probeVideo({
      program: options.ffprobe ?? "ffprobe",
      inputArgs: PLAYLIST_ARGS,
      // Nobody asks for the frame rate; to count frames for it would keep a camera that is back waiting for two seconds.
      stdin: playlistOf(address, { ...transport(PROBE_TIMEOUT_MS), fpsprobesize: "0" }),
      decodes: "camera",
      signal: AbortSignal.any([options.signal, patience]),
      explain: (complaints) => explainFailure(camera, complaints),
    });
    requireModestSize(camera, { width, height });
    return { width, height };
  } catch (error) {
    if (options.signal.aborted) return undefined;
    throw patience.aborted ? frozenError(camera, 0, PROBE_TIMEOUT_MS) : error;
  }
}

const ASK_TIMEOUT_MS = 10_000;
/** As long as for a picture. */
const PROBE_TIMEOUT_MS = 10_000;

/** A net below our own watchdog, which fires first, so that a silent camera always fails in the same words. */
const FFMPEG_LATER_MS = 1000;
/** ffmpeg is asked to stop, killed a second later, and on a busy machine it takes another to be gone. */
const STOPS_WITHIN_MS = 5000;

/**
 * How to talk to a camera. TCP: UDP loses packets, and a lost packet smears the picture until the next key frame.
 * The whitelist keeps a hostile camera from pointing ffmpeg at files and at servers of other protocols. It does not keep
 * ffmpeg from following a redirect to another RTSP server, with user and password: `askCamera` refuses those first.
 */
export function transport(patienceMs: number): InputOptions {
  return {
    rtsp_transport: "tcp",
    allowed_media_types: "video",
    timeout: String(Math.round((patienceMs + FFMPEG_LATER_MS) * 1000)),
    protocol_whitelist: "rtsp,tcp,tls",
    user_agent: USER_AGENT,
  };
}

/** @param isOwn the size is the stream's own, and pictures of another are an error. */
function streamArgs(fps: number, { width, height }: Size, isOwn: boolean): string[] {
  const fit = isOwn ? onlyOfSize(width, height) : `scale=${width}:${height}`;
  return [
    ...TALKATIVE,
    ...["-probesize", "32"],
    // Decoding in several threads delays by a frame per thread and takes memory for each.
    ...["-threads", "1"],
    ...LIMITED_FRAMES,
    ...PLAYLIST_ARGS,
    ...["-fps_mode", "passthrough"],
    ...rawOutput(`${atMost(fps)},${fit}`),
  ];
}
