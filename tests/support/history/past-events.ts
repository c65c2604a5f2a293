import type { PastEvent, TrackPoint } from "../../../agent/state/past-event.ts";

/** 2023-11-14, 22:13:20 UTC. */
export const START_MS = 1_700_000_000_000;

/** An event of the camera `door` that lasted ten seconds. @param number makes its id unique */
export function pastEvent(number: number, more: Partial<PastEvent> = {}): PastEvent {
  const startMs = more.startMs ?? START_MS + number * 60_000;
  return {
    id: `${(startMs / 1000).toFixed(6)}-${number.toString(36).padStart(6, "0")}`,
    camera: "door",
    label: "person",
    startMs,
    endMs: startMs + 10_000,
    reason: "gone",
    score: 0.87,
    zones: [],
    width: 640,
    height: 360,
    box: [400, 300, 500, 800],
    pictureBytes: 0,
    outlines: [],
    track: walk(100 + (number % 10) * 20),
    ...more,
  };
}

/** A track from left to right. @param y of its top, thousandths of the frame */
function walk(y: number): readonly TrackPoint[] {
  return Array.from(
    { length: 20 },
    (_, step) => [step * 500, step * 45, y, step * 45 + 90, y + 300] as const,
  );
}
