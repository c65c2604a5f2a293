import type { VideoFormat } from "./rtsp/access-unit.ts";

export interface WatchedStream {
  readonly format: Pick<VideoFormat, "reorderFrames" | "isInterlaced">;
  /** Maximum frames per second that the decoder puts out; undefined: all. */
  readonly fps: number | undefined;
}

/** Detects a stuck decoder. A decoder whose frames are not due, or not read, is not stuck. */
export interface DecoderWatchdog {
  isStuck(): boolean;
  /** An access unit was written. @param timeMs of its frame */
  written(timeMs: number): void;
  /** The consumer has received a frame. */
  delivered(timeMs: number): void;
  /** Runs while the consumer waits for the next frame. */
  waiting<Frame>(wait: () => Promise<Frame>): Promise<Frame>;
  /** Another decoder starts. */
  restart(): void;
}

/**
 * Calls `onStuck` when a frame is due, its consumer waits and it does not come within `afterMs`. A frame is due when more
 * access units are written than the decoder holds back, not counting those that the rate limit drops.
 */
export function watchForFrames(
  { format, fps }: WatchedStream,
  afterMs: number,
  onStuck: () => void,
): DecoderWatchdog {
  // Two fields make a frame. The decoder may wait for the next access unit to know that a frame is complete.
  const held = (format.reorderFrames + 1) * (format.isInterlaced ? 2 : 1);
  const intervalMs = fps === undefined ? 0 : 1200 / fps;
  let due = 0;
  let lastMs = Number.NEGATIVE_INFINITY;
  let isWaiting = false;
  let isStuck = false;
  let timer: NodeJS.Timeout | undefined;

  function update(): void {
    const isOverdue = isWaiting && due > held;
    if (isOverdue === (timer !== undefined)) return;
    clearTimeout(timer);
    timer = isOverdue ? setTimeout(stuck, afterMs) : undefined;
  }
  function stuck(): void {
    isStuck = true;
    onStuck();
  }

  return {
    isStuck: () => isStuck,
    written(timeMs) {
      if (timeMs >= lastMs + intervalMs) due++;
      update();
    },
    delivered(timeMs) {
      due = 0;
      lastMs = timeMs;
      update();
    },
    async waiting(wait) {
      isWaiting = true;
      update();
      try {
        return await wait();
      } finally {
        isWaiting = false;
        update();
      }
    },
    restart() {
      due = 0;
      isStuck = false;
      lastMs = Number.NEGATIVE_INFINITY;
      update();
    },
  };
}
