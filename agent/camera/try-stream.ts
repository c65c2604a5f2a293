import { ConfigError, TransientError } from "../base/errors.ts";
import { explainFailure } from "./explain-failure.ts";
import { PLAYLIST_ARGS, playlistOf } from "./playlist.ts";
import { probeVideo } from "./probe.ts";
import { askCamera } from "./rtsp/ask-camera.ts";
import { transport } from "./rtsp.ts";

/** One of a camera's streams: where it is and what it shows. */
export interface TriedStream {
  /** Credentials included. */
  readonly address: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Undefined where the stream does not say. */
  readonly fps: number | undefined;
}

const TRY_WITHIN_MS = 15_000;

/**
 * Asks a stream for its size and frame rate; gives up after 15 seconds.
 * @param camera named first in the message of what it throws: ConfigError where the camera refuses, else TransientError
 */
export async function tryStream(camera: string, address: string, signal: AbortSignal): Promise<TriedStream> {
  const patience = AbortSignal.timeout(TRY_WITHIN_MS);
  const both = AbortSignal.any([signal, patience]);
  try {
    const resolved = await askCamera(camera, address, both);
    const { width, height, fps } = await probeVideo({
      program: "ffprobe",
      inputArgs: PLAYLIST_ARGS,
      stdin: playlistOf(resolved, transport(TRY_WITHIN_MS)),
      decodes: "camera",
      signal: both,
      explain: (complaints) => explainFailure(camera, complaints),
    });
    return { address, width, height, fps };
  } catch (error) {
    if (!patience.aborted || error instanceof ConfigError) throw error;
    const message = `${camera}: the stream does not answer within ${TRY_WITHIN_MS / 1000} s`;
    throw new TransientError(message, "Check that the camera is on, and the address and port.", {
      cause: error,
    });
  }
}

/**
 * The stream to detect on: the smallest that still has as many pixels as the detector looks at, since decoding is what a
 * large one costs most; where none has, the largest.
 * @param wanted pixels of the detector's input
 */
export function fittingStream(
  streams: readonly TriedStream[],
  wanted: { readonly width: number; readonly height: number },
): TriedStream | undefined {
  const bySize = streams.toSorted((a, b) => a.width * a.height - b.width * b.height);
  const fits = ({ width, height }: TriedStream) => width >= wanted.width || height >= wanted.height;
  return bySize.find(fits) ?? bySize.at(-1);
}
