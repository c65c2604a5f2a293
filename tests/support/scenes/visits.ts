import type { EventMessage, ObjectEvent } from "../../../agent/events/event.ts";

/** When each of the six people of person.mp4 is in view, seconds (media/README.md). */
export const VISITS = [
  [6, 19],
  [23, 45],
  [50, 70],
  [74, 87],
  [92, 120],
  [123, 136],
] as const;

/** The objects of the events, each as in its last message, in order of their first message. */
export function objectsIn(events: readonly EventMessage[]): readonly ObjectEvent[] {
  const last = new Map<string, ObjectEvent>();
  for (const { after } of events) last.set(after.id, after);
  return [...last.values()];
}

/** The share of a visit in which the object was in view, 0..1. */
export function shareOfVisit([from, to]: readonly [number, number], object: ObjectEvent | undefined): number {
  if (object === undefined) return 0;
  const both = Math.min(to, object.end_time ?? object.frame_time) - Math.max(from, object.start_time);
  return Math.max(0, both) / (to - from);
}
