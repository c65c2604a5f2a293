import type { Size } from "../base/box.ts";
import type { Clock } from "../base/clock.ts";
import { displaySize } from "./display.ts";
import { observeStream } from "./observe-stream.ts";
import { noAnswerError, noKeyFrameError } from "./rtsp/reasons.ts";
import { openSession } from "./rtsp/session.ts";

/** A stream that answered. */
export interface TriedStream {
  /** Credentials included. */
  readonly address: string;
  /** Pixels, upright and square. */
  readonly width: number;
  readonly height: number;
  /** Whole frames per second; undefined if they come too rarely to tell. */
  readonly fps: number | undefined;
}

const TRY_WITHIN_MS = 15_000;
/** The rate is measured for this long after the first key frame. */
const MEASURE_MS = 2_500;

/**
 * Probes the size and frame rate of a stream, for at most 15 seconds, without decoding it.
 * @param camera error messages start with this name
 * @throws ConfigError if the camera refuses, else TransientError
 */
export async function tryStream(
  camera: string,
  address: string,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<TriedStream> {
  const timeout = AbortSignal.timeout(TRY_WITHIN_MS);
  const both = AbortSignal.any([signal, timeout]);
  const observer = observeStream({ idle: "all", hasMotionDetection: false });
  try {
    await using session = await openSession({ camera, address, transport: "auto" }, { clock, signal: both });
    let knownMs: number | undefined;
    for await (const unit of session.units()) {
      observer.add(unit);
      const nowMs = clock.monotonicMs();
      if (unit.format !== undefined) knownMs ??= nowMs;
      if (knownMs !== undefined && nowMs - knownMs >= MEASURE_MS) break;
    }
  } catch (error) {
    if (!timeout.aborted || signal.aborted) throw error;
    if (observer.observed().fps === undefined) throw noAnswerError(camera, TRY_WITHIN_MS / 1000, false);
  }
  const { format, rotation, fps } = observer.observed();
  if (format !== undefined) {
    return {
      address,
      ...displaySize({ format, rotation }),
      fps: fps === undefined ? undefined : Math.round(fps),
    };
  }
  throw noKeyFrameError(camera, TRY_WITHIN_MS / 1000);
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
