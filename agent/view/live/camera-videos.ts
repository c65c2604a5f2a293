import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { TimedUnit } from "../../camera/decode-plan.ts";
import { explainFailure } from "../../camera/explain-failure.ts";
import type { CameraConfig } from "../../config/schema.ts";
import { type CameraUnits, cameraUnits } from "./camera-units.ts";
import { CameraVideo, type CameraVideoOptions } from "./camera-video.ts";
import { type LastFrame, lastFrame } from "./last-frame.ts";
import { type SharedVideo, shareVideo } from "./shared-video.ts";

export interface CameraVideosDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly signal: AbortSignal;
}

const FIRST_RETRY_MS = 1_000;

/** The cameras' videos, made from the cameras' access units. */
export interface CameraVideos {
  /** By the name of the camera. */
  readonly videos: ReadonlyMap<string, SharedVideo>;
  readonly lastFrames: ReadonlyMap<string, LastFrame>;
  /** Takes an access unit of a camera. */
  receive(camera: string, unit: TimedUnit): void;
}

/** Each video is decoded once for all viewers, and only while it has viewers. */
export function cameraVideos(
  cameras: readonly Pick<CameraConfig, "name" | "ffmpeg">[],
  { clock, log, random, signal }: CameraVideosDependencies,
): CameraVideos {
  const units = new Map<string, CameraUnits>();
  const videos = new Map<string, SharedVideo>();
  const lastFrames = new Map<string, LastFrame>();
  const toUnixMs = (monotonicMs: number) => monotonicMs + clock.nowMs() - clock.monotonicMs();
  for (const { name, ffmpeg } of cameras) {
    const own = cameraUnits();
    const backoff = { firstMs: FIRST_RETRY_MS, longestMs: ffmpeg.retry_interval * 1000 };
    units.set(name, own);
    lastFrames.set(name, lastFrame(own, signal));
    videos.set(
      name,
      shareVideo({ play: loggingOnce({ name, units: own, toUnixMs }, log), clock, random, backoff, signal }),
    );
  }
  return { videos, lastFrames, receive: (camera, unit) => units.get(camera)?.publish(unit) };
}

/** Plays a camera's video; logs the first of several consecutive failures. */
function loggingOnce(source: Pick<CameraVideoOptions, "name" | "units" | "toUnixMs">, log: Log) {
  const { name: camera } = source;
  let failing = false;
  return async (emit: (part: Uint8Array) => void, signal: AbortSignal): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const video = new CameraVideo({
      ...source,
      signal,
      onData(part) {
        failing = false;
        emit(part);
      },
      onEnd(end, error) {
        const reason = error ?? (end && explainFailure(camera, end));
        if (reason !== undefined && !signal.aborted && !failing) {
          log.warn({ camera }, `no video for the live view: ${reason.message}`);
          failing = true;
        }
        resolve();
      },
    });
    await promise;
    video.removeAllListeners();
  };
}
