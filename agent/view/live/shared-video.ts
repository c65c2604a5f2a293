import { type Backoff, backoffMs } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";

/** One video that several people watch. */
export interface SharedVideo {
  /** Passes the video on from now on. @returns what ends it */
  watch(see: (part: Uint8Array) => void): () => void;
}

export interface SharedVideoDependencies {
  /**
   * Starts the video.
   * @param signal aborted: it ends.
   * @returns resolves when it has ended, for whatever reason.
   */
  readonly play: (carry: (part: Uint8Array) => void, signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  readonly backoff: Backoff;
  /** Aborted: nothing is played any more. */
  readonly signal: AbortSignal;
}

/** A video this long was a good one: the wait after it starts short again. */
const GOOD_AFTER_MS = 10_000;

/** Plays while somebody watches, and only then; a video that ends meanwhile is started again, with backoff and jitter. */
export function shareVideo({ play, clock, random, backoff, signal }: SharedVideoDependencies): SharedVideo {
  const viewers = new Set<(part: Uint8Array) => void>();
  let playing: AbortController | undefined;

  async function keepPlaying(stop: AbortSignal): Promise<void> {
    // What one video still says while it is ended must not get into the next.
    const carry = (part: Uint8Array) => {
      if (!stop.aborted) for (const see of viewers) see(part);
    };
    for (let attempt = 1; !stop.aborted; attempt++) {
      const startedMs = clock.monotonicMs();
      await play(carry, stop);
      if (clock.monotonicMs() - startedMs >= GOOD_AFTER_MS) attempt = 1;
      await clock.sleep(backoffMs(attempt, backoff, random), stop);
    }
  }

  return {
    watch(see) {
      viewers.add(see);
      if (playing === undefined) {
        playing = new AbortController();
        void keepPlaying(AbortSignal.any([playing.signal, signal]));
      }
      return () => {
        viewers.delete(see);
        if (viewers.size > 0) return;
        playing?.abort();
        playing = undefined;
      };
    },
  };
}
