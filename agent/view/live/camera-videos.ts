import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { explainFailure } from "../../camera/explain-failure.ts";
import type { CameraConfig } from "../../config/schema.ts";
import { CameraVideo } from "./camera-video.ts";
import { type SharedVideo, shareVideo } from "./shared-video.ts";

export interface CameraVideosDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly signal: AbortSignal;
}

const FIRST_RETRY_MS = 1_000;

/** The cameras' videos by name. Each is decoded once for all viewers, and only while it has viewers. */
export function cameraVideos(
  cameras: readonly Pick<CameraConfig, "name" | "ffmpeg">[],
  { clock, log, random, signal }: CameraVideosDependencies,
): ReadonlyMap<string, SharedVideo> {
  return new Map(
    cameras.map(({ name, ffmpeg }) => {
      const backoff = { firstMs: FIRST_RETRY_MS, longestMs: ffmpeg.retry_interval * 1000 };
      const play = loggingOnce(name, ffmpeg.inputs[0].path, log);
      return [name, shareVideo({ play, clock, random, backoff, signal })];
    }),
  );
}

/** Plays a camera's video; logs the first of several consecutive failures. */
function loggingOnce(camera: string, address: string, log: Log) {
  let failing = false;
  return async (emit: (part: Uint8Array) => void, signal: AbortSignal): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const video = new CameraVideo({
      name: camera,
      streamUrl: address,
      signal,
      onData(part) {
        failing = false;
        emit(part);
      },
      onEnd(errorLines, error) {
        if (!signal.aborted && !failing) {
          const { message } = error ?? explainFailure(camera, errorLines);
          log.warn({ camera }, `no video for the live view: ${message}`);
          failing = true;
        }
        resolve();
      },
    });
    await promise;
    video.removeAllListeners();
  };
}
