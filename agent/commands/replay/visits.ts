import type { EventMessage } from "../../events/event.ts";

/** The stay of one object in view. Times are in seconds of the clip. */
export interface Visit {
  readonly label: string;
  readonly start: number;
  /** Absent if not given. */
  readonly end?: number;
  /** The zones it entered, in any order; absent if not given. */
  readonly zones?: readonly string[];
  /** Identifier of its event. */
  readonly id?: string;
}

/** The fields of an event that make a visit. */
export interface VisitEvent {
  readonly after: Pick<EventMessage["after"], "id" | "label" | "start_time" | "end_time" | "entered_zones">;
}

/** The visits in a clip's events, sorted by their start. */
export function visitsOf(events: Iterable<VisitEvent>): readonly Visit[] {
  const visits = new Map<string, Visit>();
  for (const { after } of events) {
    const { id, label, start_time: start, end_time: end, entered_zones: zones } = after;
    visits.set(id, { label, start, ...(end === null ? {} : { end }), zones, id });
  }
  return [...visits.values()].sort((a, b) => a.start - b.start);
}

/** `person  6.2 – 18.6 s`; `?` instead of an unknown end. */
export function showVisit({ label, start, end }: Visit): string {
  const time = (seconds: number) => seconds.toFixed(1).padStart(7);
  return `${label.padEnd(10)} ${time(start)} – ${end === undefined ? "      ?" : time(end)} s`;
}
