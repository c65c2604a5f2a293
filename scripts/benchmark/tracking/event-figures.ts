import { median } from "../race.ts";
import type { MotScore } from "./mot-metrics.ts";
import type { Truth } from "./truth.ts";

/** When an object was published, seconds of the clip; `endSeconds` undefined: not before the end of the clip. */
export interface ObservedEvent {
  readonly id: string;
  readonly newSeconds: number;
  readonly endSeconds: number | undefined;
}

export interface EventFigures {
  readonly events: number;
  /** Events that each object was part of, on average. */
  readonly eventsPerObject: number;
  /** Medians: from an object's first true box to `new`, and from its last one to `end`. Undefined: no such object. */
  readonly newSeconds: number | undefined;
  readonly endSeconds: number | undefined;
}

/** An object whose last true box is this close to the end of the truth may still be in view. */
const STILL_IN_VIEW_SECONDS = 1;

/**
 * Compares events with the true visits. An `end` counts for the last object that the event followed; a `new` for the first
 * one, if that entered after the first frame.
 */
export function eventFigures(
  events: readonly ObservedEvent[],
  { boxes, lastFrame }: Truth,
  { identities }: MotScore,
  clipFps: number,
): EventFigures {
  const visits = new Map<string, { first: number; last: number }>();
  for (const [frame, inFrame] of boxes) {
    for (const { object } of inFrame) {
      const { first = frame, last = frame } = visits.get(object) ?? {};
      visits.set(object, { first: Math.min(first, frame), last: Math.max(last, frame) });
    }
  }
  const secondsOf = (frame: number) => (frame - 1) / clipFps;
  const byId = new Map(events.map((event) => [event.id, event]));
  const starts: number[] = [];
  const ends: number[] = [];
  for (const [object, ids] of identities) {
    const visit = visits.get(object);
    const [first, last] = [byId.get(ids[0] ?? ""), byId.get(ids.at(-1) ?? "")];
    if (visit === undefined) continue;
    if (first !== undefined && visit.first > 1) starts.push(first.newSeconds - secondsOf(visit.first));
    const isOver = lastFrame - visit.last >= STILL_IN_VIEW_SECONDS * clipFps;
    const endSeconds = last?.endSeconds;
    if (isOver && endSeconds !== undefined && endSeconds >= secondsOf(visit.last)) {
      ends.push(endSeconds - secondsOf(visit.last));
    }
  }
  const followed = [...identities.values()].reduce((sum, ids) => sum + new Set(ids).size, 0);
  return {
    events: events.length,
    eventsPerObject: followed / Math.max(1, identities.size),
    newSeconds: median(starts),
    endSeconds: median(ends),
  };
}
