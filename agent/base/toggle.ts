/** A switch that tasks can wait for. */
export interface Toggle {
  isOn(): boolean;
  set(on: boolean): void;
  /** Aborted while the switch is off. Each time the switch is set on, there is a new signal. */
  offSignal(): AbortSignal;
  /** Resolves when the switch is on, or when `abort` is aborted. */
  untilOn(abort: AbortSignal): Promise<void>;
}

/** Creates a switch. */
export function createToggle(isInitiallyOn: boolean): Toggle {
  let off = new AbortController();
  let on = Promise.withResolvers<void>();
  const set = (isOn: boolean) => {
    if (isOn === !off.signal.aborted) return;
    if (isOn) {
      off = new AbortController();
      on.resolve();
    } else {
      on = Promise.withResolvers<void>();
      off.abort();
    }
  };
  set(isInitiallyOn);
  return {
    isOn: () => !off.signal.aborted,
    set,
    offSignal: () => off.signal,
    async untilOn(abort) {
      if (!off.signal.aborted || abort.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const giveUp = () => resolve();
      abort.addEventListener("abort", giveUp, { once: true });
      await Promise.race([on.promise, promise]);
      abort.removeEventListener("abort", giveUp);
    },
  };
}
