import type { EventMessage } from "../../agent/events/event.ts";

const SIGNS: Readonly<Record<EventMessage["type"], string>> = { new: "●", update: "↻", end: "■" };

/** A line about an event: local time, type, camera, label, score, box, and time in view. */
export function eventLine({ type, after }: EventMessage): string {
  const lastSeen = after.end_time ?? after.frame_time;
  const columns = [
    localTime(lastSeen),
    `${SIGNS[type]} ${type.padEnd(6)}`,
    after.camera,
    after.label.padEnd(7),
    percent(type === "end" ? after.top_score : after.score),
    `box ${after.box.map(Math.round).join(" ")}`.padEnd(19),
    type === "new" ? "" : `${(lastSeen - after.start_time).toFixed(1).padStart(5)} s in view`,
  ];
  return columns.join("  ").trimEnd();
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`.padStart(5);
}

/** Local hours, minutes and seconds of a Unix time in seconds. */
function localTime(unixSeconds: number): string {
  const time = new Date(unixSeconds * 1000);
  return [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}
