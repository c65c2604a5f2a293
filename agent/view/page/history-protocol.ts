import type { Corner } from "./protocol.ts";

/**
 * The agent's answers about past events, as JSON. Times are Unix milliseconds, boxes thousandths of the frame's width and
 * height, corners shares of them.
 *
 * - `history/days?edges=…`: DaysReply. The edges are the beginnings of the days, ascending, and the end of the last one.
 * - `history/steps?from=…&to=…&step=…`: StepsReply
 * - `history/events?from=…&to=…&limit=…&before=…`: EventsReply, newest first
 * - `history/events/<id>`: PastEventDetails
 * - `history/events/<id>.jpg`, `history/events/<id>-small.jpg`: its picture; the object in it
 *
 * `camera`, `label` and `zone` restrict the steps and the events.
 */
export interface DaysReply {
  /** For each pair of edges, the numbers of events that started in between. */
  readonly days: readonly (readonly EventCount[])[];
}

export interface EventCount {
  readonly camera: string;
  readonly label: string;
  /** Zones that the objects entered. */
  readonly zones: readonly string[];
  readonly events: number;
}

export interface StepsReply {
  /** Without the steps that have no events. */
  readonly steps: readonly StepCount[];
}

export interface StepCount {
  readonly camera: string;
  /** From 0. */
  readonly step: number;
  readonly events: number;
}

export interface EventsReply {
  readonly events: readonly PastEventSummary[];
  /** For `before` in the next request; null: the list is complete. */
  readonly next: number | null;
}

export type BoxOfShares = readonly [x1: number, y1: number, x2: number, y2: number];

export interface PastEventSummary {
  readonly id: string;
  readonly camera: string;
  readonly label: string;
  readonly startMs: number;
  /** null: the event is in progress, or `reason` is `crash`. */
  readonly endMs: number | null;
  /** The reason of the end, such as `gone` or `switched_off detect`; null: the event is in progress. */
  readonly reason: string | null;
  /** The top score, 0..1. */
  readonly score: number;
  /** The zones that it entered, in order. */
  readonly zones: readonly string[];
  /** The size of the frames, pixels. */
  readonly width: number;
  readonly height: number;
  /** The object in its picture, or in its best frame. */
  readonly box: BoxOfShares;
  readonly hasPicture: boolean;
  /** A few points of its track: the bottom centres of its boxes. */
  readonly path: readonly (readonly [x: number, y: number])[];
}

export interface PastEventDetails extends PastEventSummary {
  /** The boxes of its track, each with its time in milliseconds since the start. */
  readonly track: readonly (readonly [sinceMs: number, ...box: BoxOfShares])[];
  /** The zones of the camera at that time. */
  readonly outlines: readonly { readonly name: string; readonly corners: readonly Corner[] }[];
}
