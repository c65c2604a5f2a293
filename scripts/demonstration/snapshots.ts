import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EventMessage } from "../../agent/events/event.ts";
import { snapshotMessage } from "../../agent/mqtt/topics.ts";
import type { Message } from "./listener.ts";
import { readEvent } from "./summary.ts";

/** Saves a snapshot of each new object. */
export interface Snapshots {
  add(message: Message): void;
  /** Reports new objects without a snapshot. */
  finish(): void;
}

/**
 * Writes the snapshot of each new object, in which the agent has drawn the box, as `<id>-<label>.jpg`.
 * @param folder is made if it is missing
 */
export function saveSnapshots(folder: string, prefix: string, say: (text: string) => void): Snapshots {
  mkdirSync(folder, { recursive: true });
  /**
   * A snapshot does not name its object and may arrive before or after the event: the n-th snapshot on a topic belongs to
   * the n-th event that has one.
   */
  const waiting = new Map<string, { readonly events: EventMessage[]; readonly snapshots: Buffer[] }>();

  function on(topic: string) {
    const found = waiting.get(topic) ?? { events: [], snapshots: [] };
    waiting.set(topic, found);
    return found;
  }

  function match(topic: string): void {
    const { events, snapshots } = on(topic);
    const [event, snapshot] = [events[0], snapshots[0]];
    if (event === undefined || snapshot === undefined) return;
    events.shift();
    snapshots.shift();
    const { id, label } = event.after;
    if (event.type === "new") writeFileSync(join(folder, `${id}-${label}.jpg`), snapshot);
  }

  return {
    add({ topic, payload }) {
      if (topic === `${prefix}/events`) {
        const event = readEvent(payload);
        if (!hasSnapshot(event)) return;
        const { camera, label } = event.after;
        const snapshotTopic = snapshotMessage(prefix, camera, label, payload).topic;
        on(snapshotTopic).events.push(event);
        match(snapshotTopic);
      } else if (topic.endsWith("/snapshot")) {
        on(topic).snapshots.push(payload);
        match(topic);
      }
    },
    finish() {
      for (const { type, after } of [...waiting.values()].flatMap(({ events }) => events)) {
        if (type === "new") say(`no snapshot arrived for ${after.label} ${after.id}`);
      }
    },
  };
}

/** The agent publishes one with each `new`, and with an `update` whose frame is the object's best so far. */
function hasSnapshot({ type, after }: EventMessage): boolean {
  return type === "new" || (type === "update" && after.snapshot?.frame_time === after.frame_time);
}
