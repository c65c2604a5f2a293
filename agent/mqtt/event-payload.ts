import type { EventMessage } from "../events/event.ts";

/** The event that a message carries, or undefined where it carries something else. */
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

/** The later update, which now also tells what the earlier one would have told. */
export function mergeUpdates(earlier: EventMessage, later: EventMessage): EventMessage {
  return { ...later, before: earlier.before };
}

/** The `end` of an object of which this was the last message before the agent died. */
export function endAfterCrash({ after }: EventMessage): EventMessage {
  return {
    type: "end",
    before: after,
    after: { ...after, end_time: after.frame_time, revision: after.revision + 1 },
    reason: "crash",
  };
}
