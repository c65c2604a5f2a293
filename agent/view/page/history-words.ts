import { durationText } from "./duration-text.ts";
import { clockTime, exactTime } from "./history-days.ts";
import type { PastEventSummary } from "./history-protocol.ts";

/** Why an event ended, as a part of a sentence: `ended because …`. */
const REASONS: Readonly<Record<string, string>> = {
  gone: "it left the view or was lost",
  silence: "the camera sent no frames",
  size_changed: "the size of the frames changed",
  clock_set_back: "the clock was set back",
  // Stored before the switch was recorded.
  switched_off: "the camera or its detection was switched off",
  "switched_off detect": "detection was switched off",
  "switched_off enabled": "the camera was switched off",
  detector_failed: "the detector failed",
  shutdown: "the agent stopped",
  crash: "the agent stopped unexpectedly",
};

/** `12 s`, `in view`, or `end unknown`. */
export function lengthText({ startMs, endMs, reason }: PastEventSummary): string {
  if (endMs !== null) return durationText(endMs - startMs);
  return reason === null ? "in view" : "end unknown";
}

/** `person at door, 14:05, in porch`: the accessible name of an event. */
export function eventName({ label, camera, startMs, zones }: PastEventSummary): string {
  return [
    `${label} at ${camera}`,
    clockTime(startMs),
    ...(zones.length > 0 ? [`in ${zones.join(", ")}`] : []),
  ].join(", ");
}

/** `14:05:09 to 14:05:21 (12 s)`. */
export function periodText(event: PastEventSummary): string {
  const { startMs, endMs } = event;
  const end = endMs === null ? "" : ` to ${exactTime(endMs)}`;
  return `${exactTime(startMs)}${end} (${lengthText(event)})`;
}

export function reasonText({ reason }: Pick<PastEventSummary, "reason">): string {
  return reason === null ? "The event is in progress." : `It ended because ${REASONS[reason] ?? reason}.`;
}
