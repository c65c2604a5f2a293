import type { Message } from "./message.ts";

/** Publishes, and knows what was last told on the topics that the broker keeps; pictures apart. */
export interface RememberingPublisher {
  publish(message: Message): void;
  lastTold(topic: string): string | undefined;
}

/** Watches what goes by. */
export function rememberTold(publish: (message: Message) => void): RememberingPublisher {
  const told = new Map<string, string>();
  return {
    publish(message) {
      if (message.retain && typeof message.payload === "string") told.set(message.topic, message.payload);
      publish(message);
    },
    lastTold: (topic) => told.get(topic),
  };
}
