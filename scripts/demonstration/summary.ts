import type { EventMessage } from "../../agent/events/event.ts";
import type { Stats } from "../../agent/health/stats.ts";
import type { Message } from "./listener.ts";

/** Result of a run of the demo. */
export interface Summary {
  /** Inferences, from the agent's last statistics. */
  readonly frames: number;
  /** Number of new objects by label. */
  readonly events: Readonly<Record<string, number>>;
}

/** Counts messages from the broker. */
export interface Counters {
  add(message: Message): void;
  summary(): Summary;
}

/** Starts at zero. @param prefix first level(s) of the agent's topics */
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

/** Reads the payload of a message on `<prefix>/events`. */
export function readEvent(payload: Buffer): EventMessage {
  return JSON.parse(payload.toString()) as EventMessage;
}

function framesOf(payload: Buffer): number {
  const stats = JSON.parse(payload.toString()) as Stats;
  return Object.values(stats.detectors).reduce((sum, { frames }) => sum + frames, 0);
}
