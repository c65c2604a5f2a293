/** A signal between two tasks: one raises it, the other waits for it. */
export interface Signal {
  raise(): void;
  /**
   * Resolves when the signal is raised or the wait is aborted; at once if the signal was raised since the last call.
   * @returns whether the signal was raised.
   */
  next(abort: AbortSignal): Promise<boolean>;
}

/** Creates a signal for one waiter. */
export function createSignal(): Signal {
  let isRaised = false;
  let wake = () => {};
  return {
    raise() {
      isRaised = true;
      wake();
    },
    async next(abort) {
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = () => resolve();
      const giveUp = wake;
      if (isRaised || abort.aborted) giveUp();
      abort.addEventListener("abort", giveUp, { once: true });
      await promise;
      abort.removeEventListener("abort", giveUp);
      const wasRaised = isRaised;
      isRaised = false;
      return wasRaised;
    },
  };
}
