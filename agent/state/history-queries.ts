import type { PastEvent } from "./past-event.ts";

/** Events that started at or after `fromMs` and before `toMs`, Unix milliseconds. */
export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface EventFilter {
  readonly camera?: string | undefined;
  readonly label?: string | undefined;
  /** A zone that the object entered. */
  readonly zone?: string | undefined;
}

export interface ListQuery extends Period, EventFilter {
  /** Only events with a lower key: the `next` of the page before. */
  readonly before?: number | undefined;
  /** The most events of a page. */
  readonly limit: number;
}

/** A page of events, newest first. */
export interface ListedEvents {
  readonly events: readonly PastEvent[];
  /** Continues the list; undefined: it is complete. A page may contain fewer events than asked for, or none. */
  readonly next: number | undefined;
}

export interface StepsQuery extends Period, EventFilter {
  readonly stepMs: number;
}

export interface EventCount {
  readonly camera: string;
  readonly label: string;
  readonly zones: readonly string[];
  readonly events: number;
}

export interface StepCount {
  readonly camera: string;
  /** From 0. */
  readonly step: number;
  readonly events: number;
}
