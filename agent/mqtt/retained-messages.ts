import type { Message } from "./message.ts";

/** Publishes messages and remembers the last payload of each retained topic, except snapshots. */
export interface RetainedMessages {
  publish(message: Message): void;
  /** The last retained payload that was published on a topic. */
  lastPayload(topic: string): string | undefined;
}

/** Records the retained messages that pass through `publish`. */
export function recordRetained(publish: (message: Message) => void): RetainedMessages {
  const payloads = new Map<string, string>();
  return {
    publish(message) {
      if (message.retain && typeof message.payload === "string") payloads.set(message.topic, message.payload);
      publish(message);
    },
    lastPayload: (topic) => payloads.get(topic),
  };
}
