import { type Clock, systemClock } from "../../../agent/base/clock.ts";

/** A clock on which time passes `factor` times as fast as on the machine's. */
export function hurriedClock(factor: number): Clock {
  const startMs = systemClock.nowMs();
  return {
    nowMs: () => startMs + (systemClock.nowMs() - startMs) * factor,
    monotonicMs: () => systemClock.monotonicMs() * factor,
    sleep: (ms, signal) => systemClock.sleep(ms / factor, signal),
  };
}
