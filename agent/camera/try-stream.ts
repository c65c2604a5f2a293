import type { Size } from "../base/box.ts";
import type { Clock } from "../base/clock.ts";
import { displaySize } from "./display.ts";
import { isKeyIntervalCostly } from "./idle-mode.ts";
import { observeStream } from "./observe-stream.ts";
import { retryWhileBusy } from "./retry-busy.ts";
import type { VideoCodec, VideoFormat } from "./rtsp/access-unit.ts";
import { noAnswerError } from "./rtsp/reasons/connection.ts";
import { noKeyFrameError } from "./rtsp/reasons/stream.ts";
import { OPENS_WITHIN_MS, openSession } from "./rtsp/session.ts";
import { timeLimit } from "./rtsp/time-limit.ts";

/** A stream that answered. */
export interface TriedStream {
  /** Credentials included. */
  readonly address: string;
  /** Pixels, upright and square. */
  readonly width: number;
  readonly height: number;
  /** Whole frames per second; undefined if they come too rarely to tell. */
  readonly fps: number | undefined;
  readonly codec: VideoCodec;
  /** Whether key frames are so far apart that `detect.idle: auto` decodes many frames more. */
  readonly areKeysFarApart: boolean;
}

/** From the start of the stream. */
const TRY_WITHIN_MS = 15_000;
/** Rate and key frames are measured for at most this long after the size is known: longer than the longest interval that is close enough. */
const MEASURE_MS = 6_000;

/**
 * Probes size, rate, codec and key frames of a stream within 15 seconds of its start, without decoding it. A camera that is busy gets
 * further attempts.
 * @param camera error messages start with this name
 * @param open opens the camera's stream. The session has ended at the camera when the result is there.
 * @throws ConfigError if the camera refuses, else TransientError
 */
export function tryStream(
  camera: string,
  address: string,
  options: { readonly clock: Clock; readonly signal: AbortSignal },
  open: typeof openSession = openSession,
): Promise<TriedStream> {
  return retryWhileBusy(() => tryOnce(camera, address, options, open), options);
}

async function tryOnce(
  camera: string,
  address: string,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  open: typeof openSession,
): Promise<TriedStream> {
  using limit = timeLimit(clock, OPENS_WITHIN_MS + TRY_WITHIN_MS, signal);
  const observer = observeStream({ idle: "auto", hasMotionDetection: true });
  let stated: VideoFormat | undefined;
  try {
    await using session = await open({ camera, address, transport: "auto" }, { clock, signal: limit.signal });
    stated = session.facts.format;
    const playsMs = clock.monotonicMs();
    let knownMs = stated === undefined ? undefined : playsMs;
    for await (const unit of session.units()) {
      observer.add(unit);
      const nowMs = clock.monotonicMs();
      if (unit.format !== undefined) knownMs ??= nowMs;
      const { isComplete, idle } = observer.observed();
      const isLate =
        nowMs - playsMs >= TRY_WITHIN_MS || (knownMs !== undefined && nowMs - knownMs >= MEASURE_MS);
      if (isComplete || idle.reason === "far_apart" || isLate) break;
    }
  } catch (error) {
    if (!limit.isOver()) throw error;
    if (observer.observed().fps === undefined) throw noAnswerError(camera, OPENS_WITHIN_MS / 1000, false);
  }
  const { format: seen, rotation, fps, idle } = observer.observed();
  const format = seen ?? stated;
  if (format === undefined) throw noKeyFrameError(camera, TRY_WITHIN_MS / 1000);
  return {
    address,
    ...displaySize({ format, rotation }),
    fps: fps === undefined || fps < 0.5 ? undefined : Math.round(fps),
    codec: format.codec,
    areKeysFarApart: seen === undefined || isKeyIntervalCostly(idle, fps),
  };
}

/**
 * Chooses the stream for detection: the smallest that is not smaller than the detector's input, or else the largest.
 * Decoding accounts for most of the cost of a large stream.
 * @param input size of the detector's input
 */
export function fittingStream(streams: readonly TriedStream[], input: Size): TriedStream | undefined {
  const bySize = streams.toSorted((a, b) => a.width * a.height - b.width * b.height);
  const fits = ({ width, height }: TriedStream) => width >= input.width || height >= input.height;
  return bySize.find(fits) ?? bySize.at(-1);
}
