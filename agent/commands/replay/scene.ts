import type { Size } from "../../base/box.ts";
import { countObjects } from "../../events/counts.ts";
import type { EventMessage } from "../../events/event.ts";
import type { Lifecycle } from "../../events/lifecycle.ts";
import type { Seen } from "../../outcome.ts";
import { predictedBox, type Track } from "../../tracking/track.ts";
import { colourAt } from "../../view/colours.ts";
import type { Mark } from "../../view/marks.ts";
import type { EventLine, Scene, Setup } from "../../view/scene.ts";
import type { WatchedCamera } from "../../watch-camera.ts";
import { replayLine } from "./event-lines.ts";

/** Zones and masks of the configuration, which are drawn into every frame. */
export function setupOf({ zones, motion, objects }: WatchedCamera): Setup {
  const masksOfLabels = Object.values(objects.filters).flatMap(({ mask }) => mask);
  return { zones, motionMasks: motion.mask, objectMasks: [...objects.mask, ...masksOfLabels] };
}

/** One frame of a replay, before it is drawn. */
export interface ReplayedFrame extends Size {
  readonly timeMs: number;
  /** Undefined if detection was off or the detector failed. */
  readonly seen: Seen | undefined;
}

/** What to draw into one frame of a replay. */
export function sceneOf(
  { width, height, timeMs, seen }: ReplayedFrame,
  camera: WatchedCamera,
  setup: Setup,
  news: readonly EventLine[],
): Scene {
  const isInside = ({ box }: Mark) => box[0] < width && box[1] < height && box[2] > 0 && box[3] > 0;
  const believed = [...(seen?.lifecycle.values() ?? [])].map(({ now }) => now);
  return {
    size: { width, height },
    setup,
    occupied: new Set(believed.flatMap(({ current_zones }) => current_zones)),
    motion: seen?.motion ?? [],
    regions: seen?.regions ?? [],
    objects: (seen?.tracks.map((track) => markOf(track, seen.lifecycle, timeMs)) ?? []).filter(isInside),
    status: statusOf(timeMs, seen, camera),
    events: news,
  };
}

/** A track with the last letters of its event's id, which also appear in the list of events and in MQTT. */
function markOf(track: Track, lifecycle: Lifecycle, timeMs: number): Mark {
  const object = lifecycle.get(track.id)?.now;
  const isEvent = object !== undefined && !object.false_positive;
  // Between two detections the tracker predicts the object's position.
  const isHere = track.lastSeenMs === timeMs || track.stationary;
  const notes = [...(isEvent ? [shortId(object.id)] : []), ...(track.stationary ? ["still"] : [])];
  return {
    box: isHere ? track.box : predictedBox(track),
    label: track.label,
    score: track.score,
    // One colour per object rather than per label, so that a label can be matched to its box in a crowd.
    color: colourAt(track.id),
    dashed: !isEvent || track.missed > 0,
    ...(notes.length > 0 ? { note: notes.join(" ") } : {}),
  };
}

const EVENT_COLOURS = { new: "#7dff8a", update: "#ffd84d", end: "#ff9d8a" } as const;

/** An event as a line of the panel, coloured by its type. */
export function eventLine(event: EventMessage): EventLine {
  const { id, entered_zones } = event.after;
  const where = entered_zones.length === 0 ? "" : `  in ${entered_zones.join(", ")}`;
  return { text: `${replayLine(event)}  ${shortId(id)}${where}`, colour: EVENT_COLOURS[event.type] };
}

/** The six letters after the start time. */
function shortId(id: string): string {
  return id.slice(id.lastIndexOf("-") + 1);
}

/** `  12.4 s  motion 2  regions 1  person 1 (0 active)  porch: person 1`. */
function statusOf(timeMs: number, seen: Seen | undefined, camera: WatchedCamera): string {
  const time = `${(timeMs / 1000).toFixed(1).padStart(7)} s`;
  if (seen === undefined) return `${time}  no detection`;
  const counts = [...countObjects(seen.lifecycle, camera)].map(([place, labels]) => {
    const there = [...labels]
      .filter(([label, { inView }]) => label !== "all" && inView > 0)
      .map(
        ([label, { inView, active }]) => `${label} ${inView}${active < inView ? ` (${active} active)` : ""}`,
      );
    const objects = there.length === 0 ? "no object" : there.join(", ");
    return place === camera.name ? objects : `${place}: ${objects}`;
  });
  return [time, `motion ${seen.motion.length}`, `regions ${seen.regions.length}`, ...counts].join("  ");
}
