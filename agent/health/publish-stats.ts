import type { Clock } from "../base/clock.ts";
import type { MqttConfig } from "../config/schema.ts";
import type { Message } from "../mqtt/message.ts";
import { statsTopic } from "../mqtt/topics.ts";
import type { Meter } from "./meter.ts";

export interface PublishStatsDependencies {
  readonly clock: Pick<Clock, "sleep">;
  readonly signal: AbortSignal;
  readonly publish: (message: Message) => void;
  readonly mqtt: Pick<MqttConfig, "topic_prefix" | "stats_interval">;
}

/** Publishes the figures after every interval until the signal is aborted. */
export async function publishStats(
  meter: Meter,
  { clock, signal, publish, mqtt }: PublishStatsDependencies,
): Promise<void> {
  while (true) {
    await clock.sleep(mqtt.stats_interval * 1000, signal);
    if (signal.aborted) return;
    const payload = JSON.stringify(meter.stats());
    publish({ topic: statsTopic(mqtt.topic_prefix), payload, retain: false, qos: 0 });
  }
}
