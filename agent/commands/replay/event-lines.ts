import type { Clock } from "../../base/clock.ts";
import type { EventMessage } from "../../events/event.ts";
import type { Outcome } from "../../outcome.ts";

/** An event as a line for people: time, type, label, score, box and duration. */
export function replayLine({ type, after }: EventMessage): string {
  const atSeconds = after.end_time ?? after.frame_time;
  return [
    `${atSeconds.toFixed(1).padStart(7)} s`,
    type.padEnd(6),
    after.label.padEnd(8),
    (type === "end" ? after.top_score : after.score).toFixed(2),
    `box ${after.box.join(" ")}`.padEnd(22),
    type === "new" ? "" : `${(atSeconds - after.start_time).toFixed(1)} s in view`,
  ]
    .join("  ")
    .trimEnd();
}

/** Counts the objects and frames of a replay. */
export interface ReplaySummary {
  add(outcome: Outcome): void;
  /** A line for people: objects by label, frames, and the speed of the replay. */
  line(): string;
}

/** Starts to count. The clock measures the speed of the replay. */
export function replaySummary(clock: Clock): ReplaySummary {
  const startMs = clock.monotonicMs();
  const objects = new Map<string, number>();
  let frames = 0;
  return {
    add({ frame, events }) {
      if (frame !== undefined) frames++;
      for (const { type, after } of events) {
        if (type === "new") objects.set(after.label, (objects.get(after.label) ?? 0) + 1);
      }
    },
    line() {
      const seconds = (clock.monotonicMs() - startMs) / 1000;
      const seen = [...objects].map(([label, count]) => `${count} × ${label}`).join(", ");
      return `${seen === "" ? "nothing" : seen} in ${frames} frames, ${(frames / seconds).toFixed(1)} frames per second`;
    },
  };
}
