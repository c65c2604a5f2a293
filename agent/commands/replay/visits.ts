import type { EventMessage } from "../../events/event.ts";

/** One object from its coming to its going, as far as somebody said. Times in seconds of the clip. */
export interface Visit {
  readonly label: string;
  readonly start: number;
  /** undefined: nobody said. */
  readonly end?: number;
  /** The zones it entered, in any order; undefined: nobody said. */
  readonly zones?: readonly string[];
  /** Of its event. */
  readonly id?: string;
}

/** What of an event makes a visit. */
export interface VisitEvent {
  readonly after: Pick<EventMessage["after"], "id" | "label" | "start_time" | "end_time" | "entered_zones">;
}

/** The visits that a clip's events tell of, in the order of their beginning. */
export function visitsOf(events: Iterable<VisitEvent>): readonly Visit[] {
  const visits = new Map<string, Visit>();
  for (const { after } of events) {
    const { id, label, start_time: start, end_time: end, entered_zones: zones } = after;
    visits.set(id, { label, start, ...(end === null ? {} : { end }), zones, id });
  }
  return [...visits.values()].sort((a, b) => a.start - b.start);
}

/** `person  6.2 – 18.6 s`, `person  6.2 s –` where its end is not known. */
export function showVisit({ label, start, end }: Visit): string {
  const time = (seconds: number) => seconds.toFixed(1).padStart(7);
  return `${label.padEnd(10)} ${time(start)} – ${end === undefined ? "      ?" : time(end)} s`;
}
