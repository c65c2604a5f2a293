import { probeClip } from "../../camera/clip.ts";
import { type ProgressStream, showProgress } from "../shared/progress.ts";

/** Shows how far a replay is. */
export interface ReplayProgress extends Disposable {
  /** @param timeMs position in the clip */
  update(timeMs: number): void;
  /** Makes room for a line of output on the same terminal; the bar comes back below it. */
  stepAside(): void;
}

/** To the left edge, and everything there is in the line away (ECMA-48: CR, EL). */
const CLEAR_LINE = "\r\u001b[K";

/**
 * A bar on a terminal; nothing elsewhere, and nothing where the clip does not say how long it is.
 * @throws ConfigError when the clip is not there or holds no video; FfmpegMissing.
 */
export async function replayProgress(
  clip: string,
  stream: ProgressStream,
  signal: AbortSignal,
): Promise<ReplayProgress> {
  const { seconds } = stream.isTTY ? await probeClip(clip, { signal }) : {};
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
