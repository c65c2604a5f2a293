import type { EventMessage } from "../events/event.ts";
import type { ReviewMessage } from "../events/review.ts";

/** A message about something that begins, changes and ends: an object, or a review. */
export type StoredEvent = EventMessage | ReviewMessage;

/** Reads the event or review in a message; undefined if the message carries neither. */
export function readEvent(payload: string | Uint8Array): StoredEvent | undefined {
  if (typeof payload !== "string") return undefined;
  try {
    const event = JSON.parse(payload) as Partial<StoredEvent> | null;
    const isEvent = typeof event?.type === "string" && typeof event.after?.id === "string";
    return isEvent ? (event as StoredEvent) : undefined;
  } catch {
    return undefined;
  }
}

/** The later update, with the `before` of the earlier one: it covers the changes of both. */
export function mergeUpdates(earlier: StoredEvent, later: StoredEvent): StoredEvent {
  return { ...later, before: earlier.before } as StoredEvent;
}

/** The `end` messages of all objects and reviews whose last messages before a crash of the agent were these. */
export function endsAfterCrash(unfinished: readonly StoredEvent[]): readonly StoredEvent[] {
  const seenTimes = new Map(unfinished.map(({ after }) => [after.id, after.frame_time]));
  return unfinished.map(({ after }) => {
    // The objects of a review may have newer messages than the review.
    const times = objectsOf(after).map((id) => seenTimes.get(id) ?? after.frame_time);
    const end_time = Math.max(after.frame_time, ...times);
    const ended = { ...after, end_time, revision: after.revision + 1 };
    return { type: "end", before: after, after: ended, reason: "crash" } as StoredEvent;
  });
}

/** The ids of the objects of a review; none for an object. Stored data may be damaged. */
function objectsOf(after: StoredEvent["after"]): readonly string[] {
  const data: unknown = "data" in after ? after.data : undefined;
  const ids: unknown =
    typeof data === "object" && data !== null ? Reflect.get(data, "detections") : undefined;
  return Array.isArray(ids) ? ids : [];
}
