import type { Clock } from "../base/clock.ts";
import type { MqttConfig } from "../config/schema.ts";
import type { Message } from "../mqtt/message.ts";
import { statsMessage } from "../mqtt/topics.ts";
import type { Meter } from "./meter.ts";

export interface TellStatsDependencies {
  readonly clock: Pick<Clock, "sleep">;
  readonly signal: AbortSignal;
  readonly publish: (message: Message) => void;
  readonly mqtt: Pick<MqttConfig, "topic_prefix" | "stats_interval">;
}

/** Publishes the figures of every interval, until the signal is aborted. */
export async function tellStats(
  meter: Meter,
  { clock, signal, publish, mqtt }: TellStatsDependencies,
): Promise<void> {
  while (true) {
    await clock.sleep(mqtt.stats_interval * 1000, signal);
    if (signal.aborted) return;
    publish(statsMessage(mqtt.topic_prefix, meter.stats()));
  }
}
