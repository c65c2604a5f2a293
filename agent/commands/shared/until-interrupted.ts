import { INTERRUPTIONS } from "../../end-when-interrupted.ts";

/** A signal that Ctrl-C and `kill` abort. Disposing restores the default handling of both: the process ends at once. */
export interface Interruption extends Disposable {
  readonly signal: AbortSignal;
}

/** ffmpeg may take a second to stop, everything else less. */
const CLEAN_UP_WITHIN_MS = 1_500;

/**
 * Lets a command clean up after Ctrl-C. Its errors and its exit code no longer matter then, but it must print nothing more.
 * The process ends if that takes too long, or with a second Ctrl-C.
 */
export function untilInterrupted(): Interruption {
  const controller = new AbortController();
  const abort = () => {
    release();
    setTimeout(() => process.exit(), CLEAN_UP_WITHIN_MS).unref();
    controller.abort();
  };
  const release = () => {
    for (const name of INTERRUPTIONS) process.off(name, abort);
  };
  for (const name of INTERRUPTIONS) process.on(name, abort);
  return { signal: controller.signal, [Symbol.dispose]: release };
}
