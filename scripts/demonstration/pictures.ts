import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EventMessage } from "../../agent/events/event.ts";
import type { Message } from "./listener.ts";
import { readEvent } from "./summary.ts";

/** Keeps a picture of each new object. */
export interface Pictures {
  add(message: Message): void;
  /** Says of which objects no picture came. */
  finish(): void;
}

/**
 * Writes the agent's picture of each new object, box drawn in by the agent, as `<id>-<label>.jpg`.
 * @param folder made where it is missing
 */
export function savePictures(folder: string, prefix: string, say: (text: string) => void): Pictures {
  mkdirSync(folder, { recursive: true });
  /** New objects whose picture has not come yet, by the topic it will come on, oldest first. */
  const awaited = new Map<string, EventMessage["after"][]>();
  return {
    add({ topic, payload }) {
      if (topic === `${prefix}/events`) {
        const { type, after } = readEvent(payload);
        if (type !== "new") return;
        const snapshotTopic = `${prefix}/${after.camera}/${after.label}/snapshot`;
        awaited.set(snapshotTopic, [...(awaited.get(snapshotTopic) ?? []), after]);
        return;
      }
      const event = awaited.get(topic)?.shift();
      if (event !== undefined) writeFileSync(join(folder, `${event.id}-${event.label}.jpg`), payload);
    },
    finish() {
      for (const event of [...awaited.values()].flat()) say(`no picture came of ${event.label} ${event.id}`);
    },
  };
}
