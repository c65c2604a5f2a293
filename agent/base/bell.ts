/** Something that happens now and then, and that somebody waits for. */
export interface Bell {
  ring(): void;
  /**
   * Resolves at the next ring, or at once where it has rung since the last call, or when the signal is aborted.
   * @returns whether it has rung.
   */
  next(signal: AbortSignal): Promise<boolean>;
}

/** Hangs up a bell. One may wait for it. */
export function hangBell(): Bell {
  let hasRung = false;
  let wake = () => {};
  return {
    ring() {
      hasRung = true;
      wake();
    },
    async next(signal) {
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = () => resolve();
      const giveUp = wake;
      if (hasRung || signal.aborted) giveUp();
      signal.addEventListener("abort", giveUp, { once: true });
      await promise;
      signal.removeEventListener("abort", giveUp);
      const rang = hasRung;
      hasRung = false;
      return rang;
    },
  };
}
