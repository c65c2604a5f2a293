import { readClip } from "../../../agent/camera/clip.ts";
import { MotionSchema } from "../../../agent/config/motion-schema.ts";
import { ReviewSchema } from "../../../agent/config/review-schema.ts";
import { DetectSchema, ObjectsSchema, SnapshotsSchema } from "../../../agent/config/schema.ts";
import type { EventMessage } from "../../../agent/events/event.ts";
import { eventIds, seededRandom } from "../../../agent/events/event-id.ts";
import { watchMotion } from "../../../agent/motion/watch-motion.ts";
import type { Seen } from "../../../agent/outcome.ts";
import { predictedBox, type Track } from "../../../agent/tracking/track.ts";
import { type WatchedCamera, watchCamera } from "../../../agent/watch-camera.ts";
import type { Detector } from "../../../detectors/detector.ts";
import type { ObservedEvent } from "./event-figures.ts";
import type { Observed, ObservedFrame } from "./observed.ts";

const CAMERA = "clip";
const PREFIX = "bench";

/** A camera with the default settings for one label. */
export function benchCamera(label: string, fps: number): WatchedCamera {
  return {
    name: CAMERA,
    detect: DetectSchema.parse({ fps }),
    motion: MotionSchema.parse({}),
    objects: ObjectsSchema.parse({ track: [label] }),
    zones: [],
    snapshots: SnapshotsSchema.parse({}),
    review: ReviewSchema.parse({}),
  };
}

/** Runs the agent's whole pipeline on a clip. Its boxes are those of published objects that are not missed at the moment. */
export async function watchClip(
  file: string,
  label: string,
  fps: number,
  detector: Detector,
  signal: AbortSignal,
): Promise<Observed> {
  const camera = benchCamera(label, fps);
  const frames = readClip({ camera: CAMERA, file, fps }, { signal });
  const outcomes = watchCamera(
    watchMotion(frames, () => camera.motion, 1000 / fps),
    camera,
    {
      detector,
      prefix: PREFIX,
      signal,
      newId: eventIds(seededRandom(1)),
      startMs: 0,
    },
  );
  const observed: ObservedFrame[] = [];
  const messages: { readonly seconds: number; readonly message: EventMessage }[] = [];
  let count = 0;
  for await (const { timeMs, events, messages: published, seen } of outcomes) {
    const seconds = timeMs / 1000;
    messages.push(...events.map((message) => ({ seconds, message })));
    const counted = published.find(({ topic }) => topic === `${PREFIX}/${CAMERA}/${label}`);
    if (counted !== undefined) count = Number(counted.payload);
    if (seen !== undefined) observed.push({ seconds, reported: reportedBoxes(seen, timeMs), count });
  }
  return { frames: observed, events: eventsOf(messages) };
}

function reportedBoxes({ tracks, lifecycle }: Seen, timeMs: number) {
  return tracks.flatMap((track) => {
    const known = lifecycle.get(track.id);
    if (known?.publishedMs === undefined || track.missed > 0) return [];
    return [{ id: known.now.id, box: currentBox(track, timeMs) }];
  });
}

/** The detected box, or the expected one in frames without a detection pass. */
export function currentBox(track: Track, timeMs: number) {
  return track.lastSeenMs === timeMs || track.stationary ? track.box : predictedBox(track);
}

function eventsOf(
  messages: readonly { readonly seconds: number; readonly message: EventMessage }[],
): readonly ObservedEvent[] {
  const timeOf = (id: string, type: EventMessage["type"]) =>
    messages.find(
      ({ message }) => message.after.id === id && message.type === type && message.reason !== "shutdown",
    )?.seconds;
  return messages
    .filter(({ message }) => message.type === "new")
    .map(({ seconds, message: { after } }) => ({
      id: after.id,
      newSeconds: seconds,
      endSeconds: timeOf(after.id, "end"),
    }));
}
