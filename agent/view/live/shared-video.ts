import { type Backoff, backoffMs } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";

/** A video with several viewers. */
export interface SharedVideo {
  /** Delivers the video from now on. @returns ends the delivery */
  watch(receive: (part: Uint8Array) => void): () => void;
}

export interface SharedVideoDependencies {
  /**
   * Plays the video.
   * @param signal ends it when aborted.
   * @returns resolves when the video has ended for any reason.
   */
  readonly play: (emit: (part: Uint8Array) => void, signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  readonly backoff: Backoff;
  /** Ends all playing when aborted. */
  readonly signal: AbortSignal;
}

/** A video of this duration resets the backoff. */
const GOOD_AFTER_MS = 10_000;

/** Plays a video while it has viewers, and restarts it with backoff and jitter if it ends. */
export function shareVideo({ play, clock, random, backoff, signal }: SharedVideoDependencies): SharedVideo {
  const viewers = new Set<(part: Uint8Array) => void>();
  let playing: AbortController | undefined;

  async function keepPlaying(stop: AbortSignal): Promise<void> {
    // Data that arrives after the stop must not get into the next video.
    const emit = (part: Uint8Array) => {
      if (!stop.aborted) for (const receive of viewers) receive(part);
    };
    for (let attempt = 1; !stop.aborted; attempt++) {
      const startedMs = clock.monotonicMs();
      await play(emit, stop);
      if (clock.monotonicMs() - startedMs >= GOOD_AFTER_MS) attempt = 1;
      await clock.sleep(backoffMs(attempt, backoff, random), stop);
    }
  }

  return {
    watch(receive) {
      viewers.add(receive);
      if (playing === undefined) {
        playing = new AbortController();
        void keepPlaying(AbortSignal.any([playing.signal, signal]));
      }
      return () => {
        viewers.delete(receive);
        if (viewers.size > 0) return;
        playing?.abort();
        playing = undefined;
      };
    },
  };
}
