import type { Detector } from "../../../detectors/detector.ts";
import type { Clock } from "../../base/clock.ts";
import type { CameraCounters } from "../../health/stats.ts";
import type { Health } from "../page/protocol.ts";

/** A camera as far as its health goes. */
export interface WatchedForHealth {
  readonly camera: { readonly name: string };
  readonly counters: () => CameraCounters;
  readonly isDetecting: () => boolean;
  readonly isOnline: () => boolean;
}

export interface HealthSources {
  readonly cameras: readonly WatchedForHealth[];
  readonly detector: Pick<Detector, "stats">;
  /** Messages that the broker has not confirmed. */
  readonly waiting: () => number;
  readonly clock: Clock;
}

/** Tells how the agent is: each call about the time since the one before. */
export function healthOf({ cameras, detector, waiting, clock }: HealthSources): () => Health {
  const startMs = clock.monotonicMs();
  let before = cameras.map(({ counters }) => counters());
  let beforeMs = startMs;
  return () => {
    const now = cameras.map(({ counters }) => counters());
    const nowMs = clock.monotonicMs();
    const seconds = (nowMs - beforeMs) / 1000;
    const { inferenceMs, faults, restarts } = detector.stats();
    const health: Health = {
      type: "health",
      timeMs: clock.nowMs(),
      uptimeSeconds: Math.round((nowMs - startMs) / 1000),
      memoryMb: Math.round(process.memoryUsage.rss() / 1e6),
      waiting: waiting(),
      inferenceMs: Number(inferenceMs.toFixed(1)),
      faults: Object.values(faults).reduce((sum, count) => sum + count, 0),
      restarts,
      cameras: cameras.flatMap(({ camera, isOnline, isDetecting }, index) => {
        const [earlier, later] = [before[index], now[index]];
        if (earlier === undefined || later === undefined) return [];
        const perSecond = (what: keyof CameraCounters) =>
          Number(((later[what] - earlier[what]) / Math.max(seconds, 0.001)).toFixed(1));
        return [
          {
            name: camera.name,
            online: isOnline(),
            detecting: isDetecting(),
            fps: perSecond("seen"),
            lookedFps: perSecond("looked"),
            skippedFps: perSecond("skipped"),
          },
        ];
      }),
    };
    before = now;
    beforeMs = nowMs;
    return health;
  };
}
