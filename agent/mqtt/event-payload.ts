import type { EventMessage } from "../events/event.ts";

/** Reads the event in a message; undefined if the message carries no event. */
export function readEvent(payload: string | Uint8Array): EventMessage | undefined {
  if (typeof payload !== "string") return undefined;
  try {
    const event = JSON.parse(payload) as Partial<EventMessage> | null;
    const isEvent = typeof event?.type === "string" && typeof event.after?.id === "string";
    return isEvent ? (event as EventMessage) : undefined;
  } catch {
    return undefined;
  }
}

/** The later update, with the `before` of the earlier one: it covers the changes of both. */
export function mergeUpdates(earlier: EventMessage, later: EventMessage): EventMessage {
  return { ...later, before: earlier.before };
}

/** The `end` of an object whose last message before a crash of the agent was this one. */
export function endAfterCrash({ after }: EventMessage): EventMessage {
  return {
    type: "end",
    before: after,
    after: { ...after, end_time: after.frame_time, revision: after.revision + 1 },
    reason: "crash",
  };
}
