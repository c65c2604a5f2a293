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

/** A camera with its counters and its current condition. */
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
  /** The window over which rates are computed, milliseconds. */
  readonly windowMs: number;
}

/** Provides the current figures. */
export interface Meter {
  stats(): Stats;
}

interface Sample {
  readonly ms: number;
  readonly counters: readonly CameraCounters[];
}

/**
 * Starts to measure. Every caller of `stats` gets the rates of the last window, or of the time since the start if that is
 * shorter, regardless of other callers.
 */
export function openMeter(cameras: readonly MeteredCamera[], dependencies: MeterDependencies): Meter {
  const { clock, version, detector, outbox, windowMs } = dependencies;
  const takeSample = (): Sample => ({
    ms: clock.monotonicMs(),
    counters: cameras.map(({ counters }) => counters()),
  });
  const first = takeSample();
  let samples: readonly Sample[] = [first];

  return {
    stats() {
      const now = takeSample();
      // Keep the newest sample that is at least one window old, and all later ones.
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
