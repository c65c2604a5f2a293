import type { Clock } from "../base/clock.ts";
import type { Outbox } from "../mqtt/outbox.ts";
import {
  agentStats,
  type CameraCondition,
  type CameraCounters,
  type CountedDetector,
  cameraStats,
  type Stats,
} from "./stats.ts";

/** A camera, what it has been through and how it is. */
export interface MeteredCamera {
  readonly camera: { readonly name: string };
  readonly counters: () => CameraCounters;
  readonly condition: () => CameraCondition;
}

export interface MeterDependencies {
  readonly clock: Pick<Clock, "nowMs" | "monotonicMs">;
  readonly version: string;
  readonly detector: Omit<CountedDetector, "stats"> & { readonly stats: () => CountedDetector["stats"] };
  readonly outbox: Pick<Outbox, "size" | "heldBack" | "dropped" | "damaged">;
  /** Over how long rates are taken, milliseconds. */
  readonly windowMs: number;
}

/** Figures at any time, for whoever asks. */
export interface Meter {
  stats(): Stats;
}

interface Sample {
  readonly ms: number;
  readonly counters: readonly CameraCounters[];
}

/**
 * Begins to measure. However many ask and however often, each gets the rates of the last window, or of the time since
 * the start where that is shorter.
 */
export function openMeter(cameras: readonly MeteredCamera[], dependencies: MeterDependencies): Meter {
  const { clock, version, detector, outbox, windowMs } = dependencies;
  const look = (): Sample => ({
    ms: clock.monotonicMs(),
    counters: cameras.map(({ counters }) => counters()),
  });
  const first = look();
  let samples: readonly Sample[] = [first];

  return {
    stats() {
      const now = look();
      // The newest of those old enough, and all after it.
      const from = Math.max(
        0,
        samples.findLastIndex(({ ms }) => ms <= now.ms - windowMs),
      );
      samples = [...samples.slice(from), now];
      const [earlier = first] = samples;
      const seconds = (now.ms - earlier.ms) / 1000;
      const figures = cameras.flatMap(({ camera, condition }, index) => {
        const [before, after] = [earlier.counters[index], now.counters[index]];
        if (before === undefined || after === undefined) return [];
        return [[camera.name, cameraStats(before, after, seconds, condition())] as const];
      });
      const service = {
        uptime: Math.round((now.ms - first.ms) / 1000),
        version,
        last_updated: Math.round(clock.nowMs() / 1000),
        pid: process.pid,
        rss_mb: Math.round(process.memoryUsage.rss() / 1e6),
      };
      const detectors = [{ model: detector.model, stats: detector.stats() }];
      return agentStats(Object.fromEntries(figures), detectors, service, {
        waiting: outbox.size(),
        held_back: outbox.heldBack(),
        dropped: outbox.dropped(),
        damaged: outbox.damaged(),
      });
    },
  };
}
