import type { Detector } from "../detectors/detector.ts";
import { expectedObjects } from "./attention/expected-objects.ts";
import {
  type Attention,
  hasEverMoved,
  INITIAL_ATTENTION,
  planRegions,
  recordPasses,
} from "./attention/regions.ts";
import type { Box, Size } from "./base/box.ts";
import { wasSetBack } from "./base/clock.ts";
import { IDLE } from "./base/idle-timeout.ts";
import { addInterval, type RecentIntervals } from "./base/intervals.ts";
import { heldMemory } from "./base/release-memory.ts";
import type { Frame } from "./camera/frame.ts";
import type { CameraConfig } from "./config/schema.ts";
import { detectRegions, type FrameDetection } from "./detection/detect-regions.ts";
import { mergeDetections } from "./detection/merge-detections.ts";
import { type Counts, countObjects } from "./events/counts.ts";
import { describeDetector } from "./events/describe.ts";
import type { EndReason, EventMessage } from "./events/event.ts";
import { advanceLifecycle, endAll, type Lifecycle, NO_OBJECTS, snapshotsDue } from "./events/lifecycle.ts";
import { debounceMotion, type MotionState, NO_MOTION } from "./motion/debounce.ts";
import type { Sighting } from "./motion/watch-motion.ts";
import type { Message } from "./mqtt/message.ts";
import { changedCounts, eventMessage, motionMessage, snapshotMessage } from "./mqtt/topics.ts";
import { rgbOf } from "./preprocess/rgb.ts";
import { passesFilter } from "./tracking/object-filter.ts";
import { type Track, trackedObject } from "./tracking/track.ts";
import { lowestScore, NO_TRACKS, type Tracker, trackerOptions, updateTracks } from "./tracking/tracker.ts";
import { annotate } from "./view/annotate.ts";

/** The settings of a camera that apply to its frames. */
export type WatchedCamera = Pick<
  CameraConfig,
  "name" | "detect" | "motion" | "objects" | "zones" | "snapshots"
>;

export interface WatchDependencies {
  readonly detector: Detector;
  /** First level of every topic. */
  readonly prefix: string;
  /** Aborted: detection stops. */
  readonly signal: AbortSignal;
  /** Makes the id of an object that appeared at this Unix time in milliseconds. */
  readonly newId: (startTimeMs: number) => string;
  /** When watching starts, milliseconds on the frames' clock. */
  readonly startMs: number;
  /** Whether detection is on now. Default: the configured value. */
  readonly isDetecting?: () => boolean;
  /** Keeps the best snapshot of an object, where the camera keeps snapshots. Default: none is kept. */
  readonly keepSnapshot?: (objectId: string, jpeg: Uint8Array) => Promise<void>;
  /** Called for every frame with the number of regions that the detector answered; 0: it did not run, or failed. */
  readonly onFrame?: (examinedRegions: number) => void;
}

/** The result of a frame, of a pause, or of the end of the frames. */
export interface Outcome {
  readonly timeMs: number;
  /** Valid only until the next outcome is requested. */
  readonly frame?: Frame;
  readonly events: readonly EventMessage[];
  /** Everything to publish, including the events, in order. */
  readonly messages: readonly Message[];
  /** How the events came about, for drawing; present if `frame` is. */
  readonly seen?: Seen;
}

/** The steps between a frame and its events. Boxes in pixels of the frame. */
export interface Seen {
  /** Where something moved. */
  readonly motion: readonly Box[];
  /** The regions that the detector examined; empty: it did not run. */
  readonly regions: readonly Box[];
  /** All detections, before any filter. */
  readonly detections: readonly FrameDetection[];
  readonly tracks: readonly Track[];
  /** The descriptions of the confirmed tracks. */
  readonly lifecycle: Lifecycle;
}

/** The state of a camera between two frames. */
export interface WatchState {
  /** Of the last frame. */
  readonly timeMs: number;
  /** Between the latest frames. */
  readonly intervals: RecentIntervals;
  readonly size: Size | undefined;
  readonly motion: MotionState;
  readonly attention: Attention;
  readonly tracker: Tracker;
  readonly lifecycle: Lifecycle;
  readonly counts: Counts;
  /** Of the last frame with a detection pass. */
  readonly inferenceMs: number;
}

export interface Step {
  readonly state: WatchState;
  readonly outcome: Outcome;
}

/** The most regions per frame; the other ones wait for the next frame. */
const REGIONS_PER_FRAME = 3;

/**
 * Turns frames into messages: plans regions, detects, tracks and reports events. Counts of 0 come first; `end` events and
 * counts of 0 come last.
 *
 * All objects in view end when no frames arrive, the frames change their size, the machine's clock is set back, detection is
 * switched off, or the detector keeps failing: their position or the time since the last detection is unknown then.
 */
export async function* watchCamera(
  sightings: AsyncIterable<Sighting | typeof IDLE>,
  camera: WatchedCamera,
  dependencies: WatchDependencies,
): AsyncGenerator<Outcome, void> {
  let { state, outcome } = begin(camera, dependencies);
  yield outcome;
  for await (const sighting of sightings) {
    using _memory = sighting === IDLE ? undefined : heldMemory(sighting.frame.planes);
    const reason = interruption(state, sighting);
    if (reason !== undefined) {
      ({ state, outcome } = endEverything(state, reason, camera, dependencies));
      yield outcome;
    }
    if (sighting === IDLE) continue;
    ({ state, outcome } = await step(state, sighting, camera, dependencies));
    yield outcome;
  }
  yield endEverything(state, "shutdown", camera, dependencies).outcome;
}

/** The state before the first frame, and the counts of 0. */
export function begin(camera: WatchedCamera, dependencies: WatchDependencies): Step {
  const state: WatchState = {
    timeMs: dependencies.startMs,
    intervals: [],
    size: undefined,
    motion: NO_MOTION,
    attention: INITIAL_ATTENTION,
    tracker: NO_TRACKS,
    lifecycle: NO_OBJECTS,
    counts: new Map(),
    inferenceMs: 0,
  };
  return conclude(state, camera, dependencies, {});
}

/** Processes one frame. Does not change `before`; runs the detector and keeps snapshots. */
export async function step(
  before: WatchState,
  { frame, motion }: Sighting,
  camera: WatchedCamera,
  dependencies: WatchDependencies,
): Promise<Step> {
  const { detector, prefix, signal, newId, keepSnapshot, onFrame } = dependencies;
  const { timeMs, width, height } = frame;
  const moved = motion?.boxes ?? [];
  const debounced =
    motion === undefined
      ? { state: before.motion }
      : debounceMotion(before.motion, moved.length > 0, timeMs, camera.motion.mqtt_off_delay * 1000);
  const motionMessages =
    debounced.message === undefined ? [] : [motionMessage(prefix, camera.name, debounced.message)];
  const intervals = addInterval(before.intervals, timeMs - before.timeMs);
  const state: WatchState = {
    ...before,
    timeMs,
    intervals,
    size: { width, height },
    motion: debounced.state,
  };

  const isDetecting = dependencies.isDetecting?.() ?? camera.detect.enabled;
  const detected = isDetecting ? await detect(state, { frame, motion }, camera, dependencies) : undefined;
  onFrame?.(detected?.examined.length ?? 0);
  if (detected === undefined) {
    return signal.aborted
      ? conclude(state, camera, dependencies, { motionMessages })
      : endEverything(state, "switched_off", camera, dependencies, motionMessages);
  }
  const { examined, found, attention, tracker, inferenceMs } = detected;
  if (examined.length === 0 && detector.stats().state === "failing") {
    // The next frame is examined as a whole again: the first answer shows what is in view.
    return endEverything(state, "detector_failed", camera, dependencies, motionMessages);
  }

  const real = tracker.tracks.filter((track) => track.confirmed && hasEverMoved(attention, track.id));
  const context = {
    camera: camera.name,
    width,
    height,
    zones: camera.zones,
    hasSnapshot: camera.snapshots.enabled || keepSnapshot !== undefined,
    detector: describeDetector(detector, inferenceMs),
  };
  const { lifecycle, messages: events } = advanceLifecycle(state.lifecycle, real, timeMs, context, newId);
  if (keepSnapshot !== undefined) {
    for (const object of snapshotsDue(state.lifecycle, lifecycle, timeMs)) {
      await keepSnapshot(object.id, await annotate(rgbOf(frame), [object]));
    }
  }
  const snapshots = camera.snapshots.enabled ? await snapshotMessages(events, frame, camera, prefix) : [];
  const seen: Seen = {
    motion: moved,
    regions: examined,
    detections: found,
    tracks: tracker.tracks,
    lifecycle,
  };
  const after = { ...state, attention, tracker, lifecycle, inferenceMs };
  return conclude(after, camera, dependencies, { events, motionMessages, snapshots, frame, seen });
}

/** The reason why tracking cannot continue with this frame; undefined if it can. */
function interruption({ timeMs, size }: WatchState, sighting: Sighting | typeof IDLE): EndReason | undefined {
  if (sighting === IDLE) return "silence";
  const { frame } = sighting;
  if (size !== undefined && (size.width !== frame.width || size.height !== frame.height)) {
    return "size_changed";
  }
  return wasSetBack(timeMs, frame.timeMs) ? "clock_set_back" : undefined;
}

/** Plans the regions of a frame, detects objects in them and tracks these objects; undefined if aborted. */
async function detect(
  { timeMs, intervals, attention, tracker, inferenceMs }: WatchState,
  { frame, motion }: Sighting,
  camera: WatchedCamera,
  { detector, signal }: WatchDependencies,
) {
  const frameMs = 1000 / camera.detect.fps;
  const regionRules = {
    frame,
    input: detector.model.input,
    frameMs,
    stationaryIntervalMs: camera.detect.stationary.interval * frameMs,
    budget: REGIONS_PER_FRAME,
  };
  const options = trackerOptions(camera, frame, intervals);
  const tracked = tracker.tracks.map((track) => trackedObject(track, timeMs));
  const expected = expectedObjects(tracked, { frame, frameMs, minScore: options.minScore });
  const observation = { timeMs, motion, expected };
  const regions = planRegions(attention, observation, regionRules);
  const result = await detectRegions(frame, regions, detector, lowestScore(camera), signal);
  if (result === undefined) return undefined;

  const { examined } = result;
  const relevant = result.detections.filter((detection) => passesFilter(detection, camera.objects, frame));
  const detections = mergeDetections(relevant, frame, expected);
  const boxes = detections.map(({ box }) => box);
  return {
    examined,
    found: result.detections,
    attention: recordPasses(attention, observation, examined, boxes, regionRules),
    tracker: updateTracks(tracker, detections, timeMs, options, examined),
    inferenceMs: examined.length > 0 ? result.inferenceMs : inferenceMs,
  };
}

/** Ends all objects in view; detection starts again with the next frame. */
function endEverything(
  state: WatchState,
  reason: EndReason,
  camera: WatchedCamera,
  dependencies: WatchDependencies,
  motionMessages: readonly Message[] = [],
): Step {
  const events = endAll(state.lifecycle, reason);
  const after = { ...state, attention: INITIAL_ATTENTION, tracker: NO_TRACKS, lifecycle: NO_OBJECTS };
  return conclude(after, camera, dependencies, { events, motionMessages });
}

interface Results {
  readonly events?: readonly EventMessage[];
  readonly motionMessages?: readonly Message[];
  readonly snapshots?: readonly Message[];
  readonly frame?: Frame;
  readonly seen?: Seen;
}

/** Counts the objects and puts all messages in order. */
function conclude(
  state: WatchState,
  camera: WatchedCamera,
  { prefix }: WatchDependencies,
  { events = [], motionMessages = [], snapshots = [], ...drawing }: Results,
): Step {
  const counts = countObjects(state.lifecycle, camera);
  const messages = [
    ...motionMessages,
    ...events.map((event) => eventMessage(prefix, event)),
    ...snapshots,
    ...changedCounts(prefix, state.counts, counts),
  ];
  return {
    state: { ...state, counts },
    outcome: { timeMs: state.timeMs, events, messages, ...drawing },
  };
}

/** A snapshot of each object that is new or has its best frame so far. */
async function snapshotMessages(
  events: readonly EventMessage[],
  frame: Frame,
  camera: WatchedCamera,
  prefix: string,
): Promise<readonly Message[]> {
  const due = events.filter(({ type, after }) => {
    return type === "new" || (type === "update" && after.snapshot?.frame_time === frame.timeMs / 1000);
  });
  return Promise.all(
    due.map(async ({ after }) => {
      return snapshotMessage(prefix, camera.name, after.label, await annotate(rgbOf(frame), [after]));
    }),
  );
}
