import type { Size } from "../base/box.ts";
import { ConfigError, TransientError } from "../base/errors.ts";
import { explainFailure } from "./explain-failure.ts";
import { PLAYLIST_ARGS, playlistOf } from "./playlist.ts";
import { probeVideo } from "./probe.ts";
import { checkStream } from "./rtsp/check-stream.ts";
import { transport } from "./rtsp.ts";

/** A stream that answered. */
export interface TriedStream {
  /** Credentials included. */
  readonly address: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Undefined if the stream does not state it. */
  readonly fps: number | undefined;
}

const TRY_WITHIN_MS = 15_000;

/**
 * Probes the size and frame rate of a stream, for at most 15 seconds.
 * @param camera error messages start with this name
 * @throws ConfigError if the camera refuses, else TransientError
 */
export async function tryStream(camera: string, address: string, signal: AbortSignal): Promise<TriedStream> {
  const timeout = AbortSignal.timeout(TRY_WITHIN_MS);
  const both = AbortSignal.any([signal, timeout]);
  try {
    const resolved = await checkStream(camera, address, both);
    const { width, height, fps } = await probeVideo({
      program: "ffprobe",
      inputArgs: PLAYLIST_ARGS,
      stdin: playlistOf(resolved, transport(TRY_WITHIN_MS)),
      decodes: "camera",
      signal: both,
      explain: (errorLines) => explainFailure(camera, errorLines),
    });
    return { address, width, height, fps };
  } catch (error) {
    if (!timeout.aborted || error instanceof ConfigError) throw error;
    const message = `${camera}: the stream does not answer within ${TRY_WITHIN_MS / 1000} s`;
    throw new TransientError(message, "Check that the camera is switched on, and check address and port.", {
      cause: error,
    });
  }
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
