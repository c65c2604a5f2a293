import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { seededRandom } from "../../../agent/events/event-id.ts";
import { openHistoryStore } from "../../../agent/state/history-store.ts";
import type { BoxOfShares, PastEvent, TrackPoint, ZoneOutline } from "../../../agent/state/past-event.ts";
import { drawStreet } from "../../../scripts/demonstration/drawn-street.ts";

export interface SeededHistory {
  readonly events: number;
  /** Of the latest event, Unix milliseconds. */
  readonly latestMs: number;
  /** The events are spread over this time. */
  readonly days: number;
  /** The latest events of the first camera have pictures: so many. */
  readonly pictures: number;
  readonly cameras: readonly string[];
}

const SIZE = { width: 960, height: 540 };
const LABELS = ["person", "person", "person", "car", "dog"] as const;
const ENDS = ["gone", "gone", "gone", "silence", "shutdown"] as const;
const PORCH: ZoneOutline = {
  name: "porch",
  corners: [
    [0.05, 0.58],
    [0.62, 0.58],
    [0.62, 0.72],
    [0.05, 0.72],
  ],
};
const ROAD: ZoneOutline = {
  name: "road",
  corners: [
    [0, 0.74],
    [1, 0.74],
    [1, 0.98],
    [0, 0.98],
  ],
};
/** Different frames of the street; events share them. */
const FRAMES = 12;

/** Fills the history in a state folder with events of a drawn street. The same options make the same events. */
export async function seedHistory(
  stateDirectory: string,
  options: SeededHistory,
): Promise<readonly PastEvent[]> {
  const folder = join(stateDirectory, "history");
  mkdirSync(folder, { recursive: true });
  const frames = await Promise.all(
    Array.from({ length: options.pictures === 0 ? 0 : FRAMES }, (_, index) =>
      sharp(Buffer.from(drawStreet(secondOf(index))))
        .jpeg({ quality: 80 })
        .toBuffer(),
    ),
  );
  const random = seededRandom(7);
  let pictures = options.pictures;
  const events = Array.from({ length: options.events }, (_, index) => {
    const event = streetEvent(index, options, random);
    const jpeg = frames[index % FRAMES];
    if (jpeg === undefined || pictures === 0 || event.camera !== options.cameras[0]) return event;
    pictures--;
    writeFileSync(join(folder, `${event.id}.jpg`), jpeg);
    return { ...event, label: "person", zones: ["porch"], pictureBytes: jpeg.byteLength };
  });
  const store = await openHistoryStore(join(folder, "events.db"));
  for (let from = 0; from < events.length; from += 500) store.write(events.slice(from, from + 500));
  store.close();
  return events;
}

/** The walkers are in view, and not yet far apart. */
function secondOf(index: number): number {
  return 2.5 + (index % FRAMES) * 0.32;
}

/** @param index 0: the latest event */
function streetEvent(
  index: number,
  { latestMs, days, events, cameras }: SeededHistory,
  random: () => number,
): PastEvent {
  const between = (days * 86_400_000) / events;
  // Busy and quiet hours, still in order.
  const startMs = Math.round(latestMs - between * (index + 20 * (1 + Math.sin(index / 24)) + random() * 0.1));
  const lengthMs = 4_000 + Math.round(random() * 40_000);
  const camera = cameras[index % cameras.length] ?? "door";
  const label = LABELS[Math.floor(random() * LABELS.length)] ?? "person";
  const x = walkerAt(secondOf(index));
  const box = boxAt(x);
  return {
    id: `${(startMs / 1000).toFixed(6)}-${index.toString(36).padStart(6, "0")}`,
    camera,
    label,
    startMs,
    endMs: startMs + lengthMs,
    reason: ENDS[index % ENDS.length] ?? "gone",
    score: Number((0.72 + random() * 0.26).toFixed(2)),
    zones: label === "car" ? ["road"] : random() < 0.6 ? ["porch"] : [],
    ...SIZE,
    box,
    pictureBytes: 0,
    outlines: [PORCH, ROAD],
    track: Array.from({ length: 24 }, (_, step): TrackPoint => {
      const at = 960 - (960 - x) * (step / 16);
      return [Math.round((lengthMs * step) / 23), ...boxAt(at, Math.round(Math.sin(step / 2) * 6))];
    }),
  };
}

/** The walker in the orange coat, pixels. */
function walkerAt(second: number): number {
  return 1010 + ((405 - 1010) * Math.min(second, 6)) / 6;
}

function boxAt(x: number, shift = 0): BoxOfShares {
  const share = (pixels: number, all: number) =>
    Math.min(1000, Math.max(0, Math.round((pixels / all) * 1000)));
  return [
    share(x - 36, SIZE.width),
    share(192 + shift, SIZE.height),
    share(x + 36, SIZE.width),
    share(350 + shift, SIZE.height),
  ];
}
