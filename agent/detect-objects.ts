import type { Detector } from "../detectors/detector.ts";
import { expectedObjects } from "./attention/expected-objects.ts";
import { type Attention, planRegions, recordPasses } from "./attention/regions.ts";
import type { Box } from "./base/box.ts";
import type { RecentIntervals } from "./base/intervals.ts";
import type { CameraConfig } from "./config/schema.ts";
import { detectRegions, type FrameDetection } from "./detection/detect-regions.ts";
import { mergeDetections } from "./detection/merge-detections.ts";
import type { Sighting } from "./motion/watch-motion.ts";
import { passesFilter } from "./tracking/object-filter.ts";
import { trackedObject } from "./tracking/track.ts";
import { lowestScore, type Tracker, trackerOptions, updateTracks } from "./tracking/tracker.ts";

/** What is known of a camera's objects before a frame. */
export interface DetectionState {
  /** Of the frame. */
  readonly timeMs: number;
  /** Between the latest frames. */
  readonly intervals: RecentIntervals;
  readonly attention: Attention;
  readonly tracker: Tracker;
  /** Of the last frame with a detection pass. */
  readonly inferenceMs: number;
}

/** What is known of them after it. */
export interface Detected extends Pick<DetectionState, "attention" | "tracker" | "inferenceMs"> {
  /** The regions that the detector answered. Boxes in pixels of the frame. */
  readonly examined: readonly Box[];
  /** Everything that it found there, before any filter. */
  readonly found: readonly FrameDetection[];
}

/** The most regions per frame; the other ones wait for the next frame. */
const REGIONS_PER_FRAME = 3;

/** Plans the regions of a frame, detects objects in them and tracks these objects; undefined if aborted. */
export async function detectObjects(
  { timeMs, intervals, attention, tracker, inferenceMs }: DetectionState,
  { frame, motion }: Sighting,
  camera: Pick<CameraConfig, "detect" | "objects">,
  detector: Detector,
  signal: AbortSignal,
): Promise<Detected | undefined> {
  const frameMs = 1000 / camera.detect.fps;
  const regionRules = {
    frame,
    input: detector.model.input,
    frameMs,
    stationaryIntervalMs: camera.detect.stationary.interval * frameMs,
    budget: REGIONS_PER_FRAME,
  };
  const { filters } = detector.model;
  const options = trackerOptions(camera, frame, intervals, filters);
  const tracked = tracker.tracks.map((track) => trackedObject(track, timeMs));
  const expected = expectedObjects(tracked, { frame, frameMs, minScore: options.minScore });
  const observation = { timeMs, motion, expected };
  const regions = planRegions(attention, observation, regionRules);
  const result = await detectRegions(frame, regions, detector, lowestScore(camera, filters), signal);
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
