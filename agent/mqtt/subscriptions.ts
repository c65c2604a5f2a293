import type { Subscription } from "./connection.ts";

/** Combines subscriptions: each receives the messages on its own topics, and all are notified of a refusal. */
export function combineSubscriptions(subscriptions: readonly Subscription[]): Subscription {
  const active = subscriptions.filter(({ topics }) => topics.length > 0);
  return {
    topics: active.flatMap(({ topics }) => topics),
    onMessage(topic, payload, retained) {
      for (const { topics, onMessage } of active) {
        if (topics.includes(topic)) onMessage(topic, payload, retained);
      }
    },
    onRefused(reason) {
      for (const { onRefused } of active) onRefused(reason);
    },
  };
}
