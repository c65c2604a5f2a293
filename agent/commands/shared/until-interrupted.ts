/** A signal that Ctrl-C and `kill` abort, until it is disposed of. */
export interface Interruption extends Disposable {
  readonly signal: AbortSignal;
}

/** Lets a command clean up when it is interrupted; a second Ctrl-C ends the process at once. */
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
