import type { EventMessage } from "../../agent/events/event.ts";
import type { Stats } from "../../agent/health/stats.ts";
import type { Message } from "./listener.ts";

/** What a run of the demo came to. */
export interface Summary {
  /** Snapshots the detector looked at, as the agent's last figures say. */
  readonly frames: number;
  /** How many objects appeared, by label. */
  readonly events: Readonly<Record<string, number>>;
}

/** Counts what arrives from the broker. */
export interface Counters {
  add(message: Message): void;
  summary(): Summary;
}

/** Starts counting at zero. @param prefix first level(s) of the agent's topics */
export function startCounters(prefix: string): Counters {
  const events = new Map<string, number>();
  let frames = 0;
  return {
    add({ topic, payload }) {
      if (topic === `${prefix}/stats`) frames = framesOf(payload);
      if (topic !== `${prefix}/events`) return;
      const { type, after } = readEvent(payload);
      if (type === "new") events.set(after.label, (events.get(after.label) ?? 0) + 1);
    },
    summary: () => ({ frames, events: Object.fromEntries(events) }),
  };
}

/** The payload of a message on `<prefix>/events`. */
export function readEvent(payload: Buffer): EventMessage {
  return JSON.parse(payload.toString()) as EventMessage;
}

function framesOf(payload: Buffer): number {
  const stats = JSON.parse(payload.toString()) as Stats;
  return Object.values(stats.detectors).reduce((sum, { frames }) => sum + frames, 0);
}
