import type { Detector } from "../detectors/detector.ts";
import { hasEverMoved, INITIAL_ATTENTION } from "./attention/regions.ts";
import type { Size } from "./base/box.ts";
import { wasSetBack } from "./base/clock.ts";
import { IDLE } from "./base/idle-timeout.ts";
import { addInterval } from "./base/intervals.ts";
import { heldMemory } from "./base/release-memory.ts";
import type { CameraConfig } from "./config/schema.ts";
import { type DetectionState, detectObjects } from "./detect-objects.ts";
import { type Counts, countObjects } from "./events/counts.ts";
import { describeDetector } from "./events/describe.ts";
import type { Ending, EndingSwitch } from "./events/event.ts";
import { advanceLifecycle, endAll, type Lifecycle, NO_OBJECTS, snapshotsDue } from "./events/lifecycle.ts";
import { advanceReview, endReview, type OpenReview } from "./events/review.ts";
import { debounceMotion, endMotion, type MotionState, NO_MOTION } from "./motion/debounce.ts";
import type { Sighting } from "./motion/watch-motion.ts";
import type { Message } from "./mqtt/message.ts";
import { changedCounts } from "./mqtt/topics.ts";
import {
  motionMessagesOf,
  type Outcome,
  outcomeOf,
  type Results,
  type Seen,
  snapshotMessages,
} from "./outcome.ts";
import { rgbOf } from "./preprocess/rgb.ts";
import type { SwitchName } from "./state/switches.ts";
import { NO_TRACKS, type Tracker } from "./tracking/tracker.ts";
import { annotate } from "./view/annotate.ts";

/** The settings of a camera that apply to its frames. */
export type WatchedCamera = Pick<
  CameraConfig,
  "name" | "detect" | "motion" | "objects" | "zones" | "snapshots" | "review"
>;

export interface WatchDependencies {
  readonly detector: Detector;
  /** First level of every topic. */
  readonly prefix: string;
  /** Aborted: detection stops. */
  readonly signal: AbortSignal;
  /** Makes the id of an object that appeared at this Unix time in milliseconds. */
  readonly newId: (startTimeMs: number) => string;
  /** The same for a review. Default: `newId`. */
  readonly newReviewId?: (startTimeMs: number) => string;
  /** When watching starts, milliseconds on the frames' clock. */
  readonly startMs: number;
  /** Whether a switch of the camera is on now. Default: detection as configured, everything else on. */
  readonly isOn?: (name: SwitchName) => boolean;
  /** Keeps the best snapshot of an object, where the camera keeps snapshots. Default: none is kept. */
  readonly keepSnapshot?: (objectId: string, jpeg: Uint8Array) => Promise<void>;
  /** The camera's settings now, if they can change between two frames. Default: those at the start. */
  readonly settings?: () => WatchedCamera;
  /** Called for every frame with the number of regions that the detector answered; 0: it did not run, or failed. */
  readonly onFrame?: (examinedRegions: number) => void;
}

/** The state of a camera between two frames. */
export interface WatchState extends DetectionState {
  readonly size: Size | undefined;
  readonly motion: MotionState;
  readonly lifecycle: Lifecycle;
  readonly review: OpenReview | undefined;
  readonly counts: Counts;
}

export interface Step {
  readonly state: WatchState;
  readonly outcome: Outcome;
}

/**
 * Turns frames into messages: plans regions, detects, tracks and reports events. Counts of 0 come first; `end` events and
 * counts of 0 come last.
 *
 * All objects in view end when no frames arrive, the frames change their size, the machine's clock is set back, detection or
 * the camera is switched off, or the detector keeps failing: their position or the time since the last detection is unknown
 * then.
 */
export async function* watchCamera(
  sightings: AsyncIterable<Sighting | typeof IDLE>,
  configured: WatchedCamera,
  dependencies: WatchDependencies,
): AsyncGenerator<Outcome, void> {
  let camera = configured;
  let { state, outcome } = begin(camera, dependencies);
  yield outcome;
  for await (const sighting of sightings) {
    using _memory = sighting === IDLE ? undefined : heldMemory(sighting.frame.planes);
    const settings = dependencies.settings?.() ?? configured;
    if (settings !== camera) state = { ...state, tracker: onlyTracked(state.tracker, settings) };
    camera = settings;
    if (!isOn("enabled", camera, dependencies)) {
      ({ state, outcome } = close(state, camera, dependencies));
      yield outcome;
      continue;
    }
    const ending = interruption(state, sighting);
    if (ending !== undefined) {
      ({ state, outcome } = endEverything(state, ending, camera, dependencies));
      yield outcome;
    }
    if (sighting === IDLE) continue;
    ({ state, outcome } = await step(state, sighting, camera, dependencies));
    yield outcome;
  }
  yield endEverything(state, { reason: "shutdown" }, camera, dependencies).outcome;
}

/** Without the objects of labels that are no longer tracked: they are gone. */
function onlyTracked(tracker: Tracker, { objects }: WatchedCamera): Tracker {
  return { ...tracker, tracks: tracker.tracks.filter(({ label }) => objects.track.includes(label)) };
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
    review: undefined,
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
  const { detector, prefix, signal, newId, newReviewId = newId, keepSnapshot, onFrame } = dependencies;
  const { timeMs, width, height } = frame;
  const moved = motion?.boxes ?? [];
  const debounced =
    motion === undefined
      ? endMotion(before.motion)
      : debounceMotion(before.motion, moved.length > 0, timeMs, camera.motion.mqtt_off_delay * 1000);
  const motionMessages = motionMessagesOf(debounced, camera.name, prefix);
  const intervals = addInterval(before.intervals, timeMs - before.timeMs);
  const state: WatchState = {
    ...before,
    timeMs,
    intervals,
    size: { width, height },
    motion: debounced.state,
  };

  const isDetecting = isOn("detect", camera, dependencies);
  const detected = isDetecting
    ? await detectObjects(state, { frame, motion }, camera, detector, signal)
    : undefined;
  onFrame?.(detected?.examined.length ?? 0);
  if (detected === undefined) {
    return signal.aborted
      ? conclude(state, camera, dependencies, { motionMessages })
      : endEverything(state, switchedOff("detect"), camera, dependencies, motionMessages);
  }
  const { examined, found, attention, tracker, inferenceMs } = detected;
  if (examined.length === 0 && detector.stats().state === "failing") {
    // The next frame is examined as a whole again: the first answer shows what is in view.
    return endEverything(state, { reason: "detector_failed" }, camera, dependencies, motionMessages);
  }

  const real = tracker.tracks.filter((track) => track.confirmed && hasEverMoved(attention, track.id));
  const takesSnapshots = isOn("snapshots", camera, dependencies);
  const context = {
    camera: camera.name,
    width,
    height,
    zones: camera.zones,
    review: camera.review,
    hasSnapshot: takesSnapshots && (camera.snapshots.enabled || keepSnapshot !== undefined),
    detector: describeDetector(detector, inferenceMs),
  };
  const { lifecycle, messages: events } = advanceLifecycle(state.lifecycle, real, timeMs, context, newId);
  const objects = [...lifecycle.values()].map(({ now }) => now);
  const { review, messages: reviews } = advanceReview(state.review, objects, timeMs, {
    camera: camera.name,
    settings: camera.review,
    newId: newReviewId,
  });
  if (takesSnapshots && keepSnapshot !== undefined) {
    for (const object of snapshotsDue(state.lifecycle, lifecycle, timeMs)) {
      await keepSnapshot(object.id, await annotate(rgbOf(frame), [object]));
    }
  }
  const publishes = takesSnapshots && camera.snapshots.enabled;
  const snapshots = publishes ? await snapshotMessages(events, frame, camera.name, prefix) : [];
  const seen: Seen = {
    motion: moved,
    regions: examined,
    detections: found,
    tracks: tracker.tracks,
    lifecycle,
  };
  const after = { ...state, attention, tracker, lifecycle, review, inferenceMs };
  return conclude(after, camera, dependencies, { events, reviews, motionMessages, snapshots, frame, seen });
}

function isOn(name: SwitchName, camera: WatchedCamera, { isOn }: WatchDependencies): boolean {
  return isOn?.(name) ?? (name !== "detect" || camera.detect.enabled);
}

function switchedOff(by: EndingSwitch): Ending {
  return { reason: "switched_off", switch: by };
}

/** The reason why tracking cannot continue with this frame; undefined if it can. */
function interruption({ timeMs, size }: WatchState, sighting: Sighting | typeof IDLE): Ending | undefined {
  if (sighting === IDLE) return { reason: "silence" };
  const { frame } = sighting;
  if (size !== undefined && (size.width !== frame.width || size.height !== frame.height)) {
    return { reason: "size_changed" };
  }
  return wasSetBack(timeMs, frame.timeMs) ? { reason: "clock_set_back" } : undefined;
}

/** Ends everything when the camera is switched off: its stream is closed, so no further frame can end the motion. */
function close(state: WatchState, camera: WatchedCamera, dependencies: WatchDependencies): Step {
  const ended = endMotion(state.motion);
  const motionMessages = motionMessagesOf(ended, camera.name, dependencies.prefix);
  const closed = { ...state, motion: ended.state };
  return endEverything(closed, switchedOff("enabled"), camera, dependencies, motionMessages);
}

/** Ends all objects in view, and the review; detection starts again with the next frame. */
function endEverything(
  state: WatchState,
  ending: Ending,
  camera: WatchedCamera,
  dependencies: WatchDependencies,
  motionMessages: readonly Message[] = [],
): Step {
  const events = endAll(state.lifecycle, ending);
  const reviews = state.review === undefined ? [] : [endReview(state.review, ending)];
  const after = {
    ...state,
    attention: INITIAL_ATTENTION,
    tracker: NO_TRACKS,
    lifecycle: NO_OBJECTS,
    review: undefined,
  };
  return conclude(after, camera, dependencies, { events, reviews, motionMessages });
}

/** Counts the objects and puts all messages in order. */
function conclude(
  state: WatchState,
  camera: WatchedCamera,
  { prefix }: WatchDependencies,
  results: Results,
): Step {
  const counts = countObjects(state.lifecycle, camera);
  const changed = changedCounts(prefix, state.counts, counts);
  return { state: { ...state, counts }, outcome: outcomeOf(state.timeMs, results, changed, prefix) };
}
