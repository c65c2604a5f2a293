import { probeClip } from "../../camera/clip.ts";
import { type ProgressStream, showProgress } from "../shared/progress.ts";

/** Shows the progress of a replay. */
export interface ReplayProgress extends Disposable {
  /** @param timeMs position in the clip */
  update(timeMs: number): void;
  /** Clears the bar before a line of output on the same terminal; the next update draws it again below. */
  stepAside(): void;
}

/** Moves to the left edge and clears the line (ECMA-48: CR, EL). */
const CLEAR_LINE = "\r\u001b[K";

/**
 * Shows a bar on a terminal if the clip has a known duration; otherwise nothing.
 * @param clip undefined: a camera
 * @throws ConfigError if the clip is missing or contains no video; FfmpegMissing.
 */
export async function replayProgress(
  clip: string | undefined,
  stream: ProgressStream,
  signal: AbortSignal,
): Promise<ReplayProgress> {
  const { seconds } = clip !== undefined && stream.isTTY ? await probeClip(clip, { signal }) : {};
  if (seconds === undefined || seconds <= 0) {
    return { update() {}, stepAside() {}, [Symbol.dispose]() {} };
  }
  const progress = showProgress("replay", stream);
  return {
    update(timeMs) {
      const done = Math.min(seconds, timeMs / 1000);
      progress.update(done, seconds, `${done.toFixed(0)} of ${seconds.toFixed(0)} s`);
    },
    stepAside: () => void stream.write(CLEAR_LINE),
    [Symbol.dispose]: () => progress[Symbol.dispose](),
  };
}
