import { type Box, wholeFrame } from "../../../agent/base/box.ts";
import { addInterval, type RecentIntervals } from "../../../agent/base/intervals.ts";
import { readClip } from "../../../agent/camera/clip.ts";
import { detectRegions, type FrameDetection } from "../../../agent/detection/detect-regions.ts";
import { hasLeft } from "../../../agent/tracking/leaving.ts";
import type { ModelFilters } from "../../../agent/tracking/score-filter.ts";
import { NO_TRACKS, trackerOptions, updateTracks } from "../../../agent/tracking/tracker.ts";
import type { WatchedCamera } from "../../../agent/watch-camera.ts";
import type { Detector } from "../../../detectors/detector.ts";
import type { ObservedEvent } from "./event-figures.ts";
import type { Observed, ObservedFrame } from "./observed.ts";
import { currentBox } from "./pipeline.ts";

/** The detections of a label in every frame of a clip, each frame examined as a whole. */
export interface ClipDetections {
  readonly width: number;
  readonly height: number;
  readonly frames: readonly { readonly timeMs: number; readonly detections: readonly FrameDetection[] }[];
}

/** Detections below this score are noise for every tracker. */
const LOWEST_SCORE = 0.1;

export async function detectClip(
  file: string,
  label: string,
  fps: number,
  detector: Detector,
  signal: AbortSignal,
): Promise<ClipDetections> {
  const frames: { timeMs: number; detections: readonly FrameDetection[] }[] = [];
  let size = { width: 0, height: 0 };
  for await (const frame of readClip({ camera: "clip", file, fps }, { signal })) {
    size = { width: frame.width, height: frame.height };
    const { timeMs } = frame;
    const found = await detectRegions(frame, [wholeFrame(frame)], detector, LOWEST_SCORE, signal);
    frames.push({ timeMs, detections: (found?.detections ?? []).filter((one) => one.label === label) });
  }
  return { ...size, frames };
}

/** The agent's tracker alone, on the detections that the peers get. */
export function trackDetections(
  { frames, ...size }: ClipDetections,
  camera: WatchedCamera,
  filters: ModelFilters,
): Observed {
  const whole: Box = wholeFrame(size);
  const events = new Map<number, ObservedEvent>();
  const observed: ObservedFrame[] = [];
  let tracker = NO_TRACKS;
  let intervals: RecentIntervals = [];
  let beforeMs = 0;
  for (const { timeMs, detections } of frames) {
    intervals = addInterval(intervals, timeMs - beforeMs);
    beforeMs = timeMs;
    const options = trackerOptions(camera, size, intervals, filters);
    tracker = updateTracks(tracker, detections, timeMs, options, [whole]);
    const seconds = timeMs / 1000;
    const real = tracker.tracks.filter(({ truePositive }) => truePositive);
    for (const { id } of real) {
      if (!events.has(id)) events.set(id, { id: `${id}`, newSeconds: seconds, endSeconds: undefined });
    }
    for (const [id, event] of events) {
      if (event.endSeconds === undefined && !real.some((track) => track.id === id)) {
        events.set(id, { ...event, endSeconds: seconds });
      }
    }
    observed.push({
      seconds,
      reported: real
        .filter(({ missed }) => missed === 0)
        .map((track) => ({ id: `${track.id}`, box: currentBox(track, timeMs) })),
      count: real.filter((track) => !hasLeft(track, size)).length,
    });
  }
  return { frames: observed, events: [...events.values()] };
}
