import type { Detector } from "../../detectors/detector.ts";
import type { Clock } from "../base/clock.ts";
import type { CameraConfig, MqttConfig } from "../config/schema.ts";
import type { Publisher } from "../mqtt/publisher.ts";
import { statsMessage } from "../mqtt/topics.ts";
import { agentStats, type CameraCounters, cameraStats } from "./stats.ts";

/** A camera and what it has been through. */
export interface CountedCamera {
  readonly camera: CameraConfig;
  readonly counters: () => CameraCounters;
  /** Whether objects are looked for at the moment. */
  readonly isDetecting: () => boolean;
}

export interface StatsDependencies {
  readonly clock: Clock;
  readonly version: string;
  readonly signal: AbortSignal;
  readonly detector: Detector;
  readonly broker: Publisher;
  readonly mqtt: Pick<MqttConfig, "topic_prefix" | "stats_interval">;
}

/** Publishes the figures of every interval, until the signal is aborted. */
export async function tellStats(
  cameras: readonly CountedCamera[],
  { clock, version, signal, detector, broker, mqtt }: StatsDependencies,
): Promise<void> {
  const startMs = clock.monotonicMs();
  const look = () => cameras.map(({ counters }) => counters());
  let before = look();
  let beforeMs = startMs;
  while (true) {
    await clock.sleep(mqtt.stats_interval * 1000, signal);
    if (signal.aborted) return;
    const now = look();
    const nowMs = clock.monotonicMs();
    const seconds = (nowMs - beforeMs) / 1000;
    const figures = cameras.flatMap(({ camera, isDetecting }, index) => {
      const [earlier, later] = [before[index], now[index]];
      if (earlier === undefined || later === undefined) return [];
      return [[camera.name, cameraStats(earlier, later, seconds, isDetecting())] as const];
    });
    const service = {
      uptime: Math.round((nowMs - startMs) / 1000),
      version,
      last_updated: Math.round(clock.nowMs() / 1000),
    };
    const detectors = [{ model: detector.model, stats: detector.stats() }];
    broker.publish(
      statsMessage(mqtt.topic_prefix, agentStats(Object.fromEntries(figures), detectors, service)),
    );
    before = now;
    beforeMs = nowMs;
  }
}
