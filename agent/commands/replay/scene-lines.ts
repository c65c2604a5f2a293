import type { Size } from "../../base/box.ts";
import { countObjects } from "../../events/counts.ts";
import type { EventMessage } from "../../events/event.ts";
import type { Lifecycle } from "../../events/lifecycle.ts";
import { predictedBox, type Track } from "../../tracking/track.ts";
import { colourAt } from "../../view/colours.ts";
import type { Mark } from "../../view/marks.ts";
import type { NewsLine, Scene, Setup } from "../../view/scene.ts";
import type { Seen, WatchedCamera } from "../../watch-camera.ts";
import { replayLine } from "./event-lines.ts";

/** What a camera's configuration draws into every frame. */
export function setupOf({ zones, motion, objects }: WatchedCamera): Setup {
  const masksOfLabels = Object.values(objects.filters).flatMap(({ mask }) => mask);
  return { zones, motionMasks: motion.mask, objectMasks: [...objects.mask, ...masksOfLabels] };
}

/** One frame of a replay, before it is drawn. */
export interface ReplayedFrame extends Size {
  readonly timeMs: number;
  /** undefined: detection was off, or the detector failed. */
  readonly seen: Seen | undefined;
}

/** What to draw into one frame of a replay. */
export function sceneOf(
  { width, height, timeMs, seen }: ReplayedFrame,
  camera: WatchedCamera,
  setup: Setup,
  news: readonly NewsLine[],
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
    news,
  };
}

/** A track with the last letters of its event's id, by which it is found again in the news and in MQTT. */
function markOf(track: Track, lifecycle: Lifecycle, timeMs: number): Mark {
  const object = lifecycle.get(track.id)?.now;
  const isEvent = object !== undefined && !object.false_positive;
  // Between two looks an object is where its motion takes it.
  const isHere = track.lastSeenMs === timeMs || track.stationary;
  const notes = [...(isEvent ? [shortId(object.id)] : []), ...(track.stationary ? ["still"] : [])];
  return {
    box: isHere ? track.box : predictedBox(track),
    label: track.label,
    score: track.score,
    // By object rather than by label: in a crowd one sees whose label it is.
    color: colourAt(track.id),
    dashed: !isEvent || track.missed > 0,
    ...(notes.length > 0 ? { note: notes.join(" ") } : {}),
  };
}

const NEWS_COLOURS = { new: "#7dff8a", update: "#ffd84d", end: "#ff9d8a" } as const;

/** An event as a line of the news, its colour by its type. */
export function newsLine(event: EventMessage): NewsLine {
  const { id, entered_zones } = event.after;
  const where = entered_zones.length === 0 ? "" : `  in ${entered_zones.join(", ")}`;
  return { text: `${replayLine(event)}  ${shortId(id)}${where}`, colour: NEWS_COLOURS[event.type] };
}

/** The six letters behind the start time. */
function shortId(id: string): string {
  return id.slice(id.lastIndexOf("-") + 1);
}

/** `  12.4 s  moved 2  looked at 1  person 1 (0 active)  porch: person 1`. */
function statusOf(timeMs: number, seen: Seen | undefined, camera: WatchedCamera): string {
  const time = `${(timeMs / 1000).toFixed(1).padStart(7)} s`;
  if (seen === undefined) return `${time}  not looked at`;
  const counts = [...countObjects(seen.lifecycle, camera)].map(([place, labels]) => {
    const there = [...labels]
      .filter(([label, { inView }]) => label !== "all" && inView > 0)
      .map(
        ([label, { inView, active }]) => `${label} ${inView}${active < inView ? ` (${active} active)` : ""}`,
      );
    const what = there.length === 0 ? "nobody" : there.join(", ");
    return place === camera.name ? what : `${place}: ${what}`;
  });
  return [time, `moved ${seen.motion.length}`, `looked at ${seen.regions.length}`, ...counts].join("  ");
}
