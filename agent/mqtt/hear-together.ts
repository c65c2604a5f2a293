import type { Listening } from "./connection.ts";

/** Several listeners as one: each hears its own topics, and all are told when the broker refuses. */
export function hearTogether(listeners: readonly Listening[]): Listening {
  const listening = listeners.filter(({ topics }) => topics.length > 0);
  return {
    topics: listening.flatMap(({ topics }) => topics),
    hear(topic, payload, retained) {
      for (const listener of listening) {
        if (listener.topics.includes(topic)) listener.hear(topic, payload, retained);
      }
    },
    refused(reason) {
      for (const listener of listening) listener.refused(reason);
    },
  };
}
