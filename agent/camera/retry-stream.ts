import { type Backoff, backoffMs } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { ConfigError, TransientError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { FfmpegMissing } from "./ffmpeg.ts";
import type { Frame } from "./frame.ts";

export type CameraStatus = "online" | "offline";

export interface RetryOptions {
  readonly camera: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the frames without an error when aborted. */
  readonly signal: AbortSignal;
  readonly backoff: Backoff;
  /** Called on every change. The first frame makes a camera online. */
  readonly onStatus?: (status: CameraStatus) => void;
  /** Called for every failure, after `onStatus`. */
  readonly onFailure?: (failure: ConfigError | TransientError) => void;
  /** A number from 0 up to 1. Default: Math.random. */
  readonly random?: () => number;
}

/**
 * Reads a camera forever: reopens a stream that fails, with backoff and jitter. `sequence` continues across streams.
 *
 * Logs the first failure and the recovery, and also the first failure that only a person can fix. A refused password is
 * retried at the longest interval: the user may correct it in the camera, and the other cameras must continue.
 * @param open reads the stream once, until it fails.
 * @throws FfmpegMissing, and every error that is neither ConfigError nor TransientError: a bug.
 */
export async function* retryStream(
  open: () => AsyncIterable<Frame>,
  options: RetryOptions,
): AsyncGenerator<Frame, void> {
  const { camera, clock, log, signal, backoff, onStatus, onFailure, random = Math.random } = options;
  let sequence = 0;
  let failures = 0;
  let loggedConfig = false;
  let status: CameraStatus | undefined;
  let offlineSinceMs = clock.monotonicMs();
  const become = (now: CameraStatus) => {
    if (now !== status) onStatus?.(now);
    status = now;
  };

  while (!signal.aborted) {
    let openedMs: number | undefined;
    let silentSinceMs = clock.monotonicMs();
    try {
      for await (const frame of open()) {
        silentSinceMs = clock.monotonicMs();
        if (openedMs === undefined) {
          openedMs = silentSinceMs;
          const offlineMs = Math.round(openedMs - offlineSinceMs);
          if (failures > 0) log.info({ camera, offlineMs, attempts: failures }, "camera is back");
          else log.info({ camera, width: frame.width, height: frame.height }, "camera is on");
          loggedConfig = false;
          become("online");
        }
        yield { ...frame, sequence };
        sequence++;
      }
      if (signal.aborted) return;
      throw new TransientError(`${camera}: the stream ended`, "Check the camera.");
    } catch (error) {
      if (error instanceof FfmpegMissing) throw error;
      if (!(error instanceof ConfigError) && !(error instanceof TransientError)) throw error;
      if (signal.aborted) return;
      const nowMs = clock.monotonicMs();
      const wasOnline = openedMs !== undefined;
      if (wasOnline) offlineSinceMs = nowMs;
      // A stream that lasted resets the backoff. One that fails right after its first frame does not.
      if (openedMs !== undefined && nowMs - openedMs >= backoff.longestMs) failures = 0;
      failures++;
      const isConfig = error instanceof ConfigError;
      if (wasOnline || failures === 1 || (isConfig && !loggedConfig)) {
        log.warn({ camera, remedy: error.remedy }, error.message);
        loggedConfig ||= isConfig;
      }
      become("offline");
      onFailure?.(error);
      const attempt = isConfig ? Number.POSITIVE_INFINITY : failures;
      // The time that a stream hung counts as waiting time.
      const leftMs = backoffMs(attempt, backoff, random) - (nowMs - silentSinceMs);
      await clock.sleep(Math.max(leftMs, backoffMs(1, backoff, random)), signal);
    }
  }
}
