import type { EventMessage } from "../../../agent/events/event.ts";
import { percentile } from "../race.ts";
import type { ScriptMessage } from "./script-options.ts";

/**
 * Milliseconds from the arrival of a frame, as its reader stamped it, to the arrival at a listener of what it led to:
 * what the broker acknowledged lies before that. Undefined where a message says nothing of the kind.
 *
 * Of our events only `new` counts: it is always told of the frame the object was last seen in; an `update` or `end` may be due
 * later than that.
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

/** The median and the 95th percentile of some latencies; NaN of none. */
export function latencyFigures(latenciesMs: readonly number[]): {
  readonly p50: number;
  readonly p95: number;
} {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  return { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95) };
}
