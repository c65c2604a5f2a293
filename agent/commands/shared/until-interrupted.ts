/** A signal that Ctrl-C and `kill` abort. Disposing restores the default handling of both. */
export interface Interruption extends Disposable {
  readonly signal: AbortSignal;
}

/** Lets a command clean up after Ctrl-C; a second Ctrl-C ends the process at once. */
export function untilInterrupted(): Interruption {
  const controller = new AbortController();
  const abort = () => {
    release();
    controller.abort();
  };
  const release = () => {
    process.off("SIGINT", abort);
    process.off("SIGTERM", abort);
  };
  process.on("SIGINT", abort);
  process.on("SIGTERM", abort);
  return { signal: controller.signal, [Symbol.dispose]: release };
}
