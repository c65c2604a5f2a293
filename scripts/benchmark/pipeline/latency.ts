import type { EventMessage } from "../../../agent/events/event.ts";
import { percentile } from "../race.ts";
import type { ScriptMessage } from "./script-options.ts";

/**
 * Milliseconds from the arrival of a frame, as stamped by its reader, to the arrival of its message at a subscriber, which
 * is after the broker's acknowledgement. Undefined for messages without a latency.
 *
 * Of our events only `new` counts: it is published for the frame in which the object was last seen, whereas an `update` or
 * `end` may be published later.
 */
export function latencyOf(
  prefix: string,
  message: { readonly topic: string; readonly payload: Uint8Array; readonly time: number },
): number | undefined {
  const seconds = frameTime(prefix, message);
  return seconds === undefined ? undefined : (message.time - seconds) * 1000;
}

function frameTime(
  prefix: string,
  { topic, payload }: { readonly topic: string; readonly payload: Uint8Array },
): number | undefined {
  const content = () => JSON.parse(Buffer.from(payload).toString()) as unknown;
  if (topic === `${prefix}/detections`) return (content() as ScriptMessage).frame_time;
  if (topic !== `${prefix}/events`) return undefined;
  const { type, after } = content() as EventMessage;
  return type === "new" ? after.frame_time : undefined;
}

/** Median and 95th percentile; NaN without latencies. */
export function latencyFigures(latenciesMs: readonly number[]): {
  readonly p50: number;
  readonly p95: number;
} {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  return { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95) };
}
