import type { Frame } from "../../../agent/camera/frame.ts";
import { MotionSchema } from "../../../agent/config/motion-schema.ts";
import { ReviewSchema } from "../../../agent/config/review-schema.ts";
import { DetectSchema, ObjectsSchema, SnapshotsSchema } from "../../../agent/config/schema.ts";
import type { EventMessage } from "../../../agent/events/event.ts";
import { eventIds, seededRandom } from "../../../agent/events/event-id.ts";
import { watchMotion } from "../../../agent/motion/watch-motion.ts";
import type { Seen } from "../../../agent/outcome.ts";
import { type WatchedCamera, watchCamera } from "../../../agent/watch-camera.ts";
import type { Detector } from "../../../detectors/detector.ts";

/** The results of the pipeline. */
export interface WatchReport {
  readonly frames: readonly WatchedFrame[];
  readonly events: readonly EventMessage[];
  /** Frames with at least one detection pass. */
  readonly inferred: number;
  /** Detection passes. */
  readonly regions: number;
}

export interface WatchedFrame {
  readonly timeMs: number;
  readonly seen: Seen;
}

/** Runs the whole pipeline in this process as `replay` does: from frames to events. */
export async function watchFrames(
  frames: AsyncIterable<Frame>,
  camera: WatchedCamera,
  detector: Detector,
): Promise<WatchReport> {
  const watched: WatchedFrame[] = [];
  const events: EventMessage[] = [];
  const outcomes = watchCamera(
    watchMotion(frames, () => camera.motion, 1000 / camera.detect.fps),
    camera,
    {
      detector,
      prefix: "sabrewing",
      signal: new AbortController().signal,
      newId: eventIds(seededRandom(1)),
      startMs: 0,
    },
  );
  for await (const outcome of outcomes) {
    if (outcome.seen !== undefined) watched.push({ timeMs: outcome.timeMs, seen: outcome.seen });
    events.push(...outcome.events);
  }
  const passes = watched.map(({ seen }) => seen.regions.length);
  return {
    frames: watched,
    events,
    inferred: passes.filter((count) => count > 0).length,
    regions: passes.reduce((sum, count) => sum + count, 0),
  };
}

/** A camera with default settings that tracks these labels. */
export function defaultCamera(track: readonly string[], fps = 5): WatchedCamera {
  return {
    name: "test",
    detect: DetectSchema.parse({ fps }),
    motion: MotionSchema.parse({}),
    objects: ObjectsSchema.parse({ track }),
    zones: [],
    snapshots: SnapshotsSchema.parse({}),
    review: ReviewSchema.parse({}),
  };
}
