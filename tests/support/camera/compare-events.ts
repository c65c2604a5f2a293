import type { EventMessage } from "../../../agent/events/event.ts";

/** The properties of an event that are compared. Unix times, seconds. */
export interface EventSummary {
  readonly label: string;
  readonly start: number;
  readonly end: number;
  /** undefined: the event has not ended. */
  readonly reason: string | undefined;
  /** Sorted: with several feet on a border the order is chance. */
  readonly zones: readonly string[];
}

/** The differences between the events of two cameras that saw the same. */
export interface EventDifferences {
  readonly expected: number;
  readonly received: number;
  /** Without a partner among the received or the expected ones. */
  readonly missing: readonly EventSummary[];
  readonly additional: readonly EventSummary[];
  /** Pairs in which these differ. */
  readonly otherZones: readonly (readonly [EventSummary, EventSummary])[];
  readonly otherReasons: readonly (readonly [EventSummary, EventSummary])[];
  /** How much later each received event starts than its partner, seconds. */
  readonly delays: readonly number[];
}

/** Events are the same if they overlap, or lie at most this far apart, seconds. */
const APART = 1;

/** The events of one camera, each by its last message, in order of their start. */
export function summarise(messages: readonly EventMessage[]): readonly EventSummary[] {
  const last = new Map<string, EventMessage>();
  for (const message of messages) last.set(message.after.id, message);
  return [...last.values()]
    .map(({ after, reason }) => ({
      label: after.label,
      start: after.start_time,
      end: after.end_time ?? after.frame_time,
      reason,
      zones: after.entered_zones.toSorted(),
    }))
    .toSorted((a, b) => a.start - b.start);
}

/** Pairs events of the same label that cover the same time, the most similar ones first, and tells how the pairs differ. */
export function compareEvents(
  expected: readonly EventSummary[],
  received: readonly EventSummary[],
): EventDifferences {
  const candidates = expected
    .flatMap((one) => received.map((other) => [one, other] as const))
    .filter(([one, other]) => one.label === other.label && gapBetween(one, other) <= APART)
    .toSorted((a, b) => unlikeness(...a) - unlikeness(...b));
  const pairs = new Map<EventSummary, EventSummary>();
  const taken = new Set<EventSummary>();
  for (const [one, other] of candidates) {
    if (pairs.has(one) || taken.has(other)) continue;
    pairs.set(one, other);
    taken.add(other);
  }
  return {
    expected: expected.length,
    received: received.length,
    missing: expected.filter((one) => !pairs.has(one)),
    additional: received.filter((other) => !taken.has(other)),
    otherZones: [...pairs].filter(([one, other]) => one.zones.join() !== other.zones.join()),
    otherReasons: [...pairs].filter(([one, other]) => one.reason !== other.reason),
    delays: [...pairs].map(([one, other]) => other.start - one.start),
  };
}

function gapBetween(one: EventSummary, other: EventSummary): number {
  return Math.max(one.start, other.start) - Math.min(one.end, other.end);
}

function unlikeness(one: EventSummary, other: EventSummary): number {
  const zones = one.zones.join() === other.zones.join() ? 0 : 1;
  return Math.abs(one.start - other.start) + Math.abs(one.end - other.end) / 2 + zones;
}
