import type { Clock } from "../base/clock.ts";
import { isBusyError } from "./rtsp/reasons/refusal.ts";

/** Delays before further attempts, in milliseconds. Together they are a little longer than cameras keep an ended session. */
const DELAYS_MS = [1_000, 2_000, 4_000, 8_000];

/**
 * Opens a camera, and tries again for 15 seconds while the camera answers that it serves too many clients (RTSP 453 or 503).
 * Many cameras serve one client and free its session only some seconds after its end, so that `init` and `check` would see
 * their own previous session.
 * @throws the last error
 */
export async function retryWhileBusy<Result>(
  open: () => Promise<Result>,
  { clock, signal }: { readonly clock: Pick<Clock, "sleep">; readonly signal: AbortSignal },
): Promise<Result> {
  for (const delayMs of DELAYS_MS) {
    try {
      return await open();
    } catch (error) {
      if (!isBusyError(error) || signal.aborted) throw error;
      await clock.sleep(delayMs, signal);
    }
  }
  return open();
}
