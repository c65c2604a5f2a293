import { type Backoff, backoffMs } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { ConfigError, TransientError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { FfmpegMissing } from "./ffmpeg.ts";
import type { Frame } from "./frame.ts";

export type CameraStatus = "online" | "offline";

/** What keeping a camera open needs from outside. */
export interface KeepReadingOptions {
  readonly camera: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborted: the frames end, without an error. */
  readonly signal: AbortSignal;
  readonly backoff: Backoff;
  /** Called when it changes; the first frame makes a camera online. */
  readonly onStatus?: (status: CameraStatus) => void;
  /** A number from 0 up to 1. Default: Math.random. */
  readonly random?: () => number;
}

/**
 * Frames of a camera for ever: a stream that fails is opened again, with backoff and jitter. `sequence` goes on
 * counting over all streams.
 *
 * One log line for the first failure, one for the recovery, and one where a failure that only a person can end follows
 * another. A refused password is retried too, at the longest
 * interval: somebody may be about to correct it in the camera, and the other cameras must go on meanwhile.
 * @param open reads the stream once, until it fails.
 * @throws FfmpegMissing, and whatever is neither ConfigError nor TransientError: a bug.
 */
export async function* keepReading(
  open: () => AsyncIterable<Frame>,
  options: KeepReadingOptions,
): AsyncGenerator<Frame, void> {
  const { camera, clock, log, signal, backoff, onStatus, random = Math.random } = options;
  let sequence = 0;
  let failures = 0;
  let toldOfConfig = false;
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
          toldOfConfig = false;
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
      // A stream that lasted starts afresh; one that fails right after its first frame goes on backing off.
      if (openedMs !== undefined && nowMs - openedMs >= backoff.longestMs) failures = 0;
      failures++;
      const isConfig = error instanceof ConfigError;
      if (wasOnline || failures === 1 || (isConfig && !toldOfConfig)) {
        log.warn({ camera, remedy: error.remedy }, error.message);
        toldOfConfig ||= isConfig;
      }
      become("offline");
      const attempt = isConfig ? Number.POSITIVE_INFINITY : failures;
      // A stream that hung was waited for already.
      const leftMs = backoffMs(attempt, backoff, random) - (nowMs - silentSinceMs);
      await clock.sleep(Math.max(leftMs, backoffMs(1, backoff, random)), signal);
    }
  }
}
