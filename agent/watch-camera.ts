import type { Box, Detector } from "../detectors/detector.ts";
import { SILENCE } from "./base/or-silence.ts";
import { releaseMemory } from "./base/release-memory.ts";
import type { Frame } from "./camera/frame.ts";
import type { CameraConfig } from "./config/schema.ts";
import { type Count, countObjects } from "./events/counts.ts";
import type { EventMessage } from "./events/event.ts";
import { advanceLifecycle, endAll, type Lifecycle, NOTHING_TOLD } from "./events/lifecycle.ts";
import { lookAtFrame } from "./look-at-frame.ts";
import type { Message } from "./mqtt/message.ts";
import { changedCounts, eventMessage, snapshotMessage } from "./mqtt/topics.ts";
import { lowestScore, stationaryAfter, trackerOptions } from "./tracking/rules.ts";
import type { Track } from "./tracking/track.ts";
import { NO_TRACKS, type Tracker, updateTracks } from "./tracking/tracker.ts";
import { isWanted } from "./tracking/wanted.ts";
import { annotate } from "./view/annotate.ts";

/** A camera's settings as far as they concern what is done with its frames. */
export type WatchedCamera = Pick<CameraConfig, "name" | "detect" | "objects" | "snapshots">;

export interface WatchDependencies {
  readonly detector: Detector;
  /** First level of every topic. */
  readonly prefix: string;
  /** Aborted: no more frames are looked at. */
  readonly signal: AbortSignal;
  /** Names an object that began at this Unix time in milliseconds. */
  readonly newId: (startTimeMs: number) => string;
  /** When watching begins, milliseconds on the frames' clock. */
  readonly startMs: number;
  /** Called for every frame the detector answered. */
  readonly onDetected?: () => void;
}

/** What one frame, a silence or the end of the frames led to. */
export interface Outcome {
  readonly timeMs: number;
  /** Whole only until the next outcome is asked for. */
  readonly frame?: Frame;
  readonly events: readonly EventMessage[];
  /** Everything to publish, the events included, in order. */
  readonly messages: readonly Message[];
  /** What led to it, for whoever draws it; only where there is a frame. */
  readonly seen?: Seen;
}

/** The steps between a frame and its events. Boxes in pixels of the frame. */
export interface Seen {
  /** Where something moved. */
  readonly motion: readonly Box[];
  /** What the detector looked at; empty: it was not asked. */
  readonly regions: readonly Box[];
  readonly tracks: readonly Track[];
  /** What is known of the confirmed tracks. */
  readonly lifecycle: Lifecycle;
}

/**
 * From frames to messages: look, track, tell. Counts of 0 come first; `end` events and counts of 0 come last.
 *
 * A frame the detector fails on is left out. Where the frames fall silent, everything in view ends.
 */
export async function* watchCamera(
  frames: AsyncIterable<Frame | typeof SILENCE>,
  camera: WatchedCamera,
  { detector, prefix, signal, newId, startMs, onDetected }: WatchDependencies,
): AsyncGenerator<Outcome, void> {
  const rules = trackerOptions(camera);
  let tracker: Tracker = NO_TRACKS;
  let lifecycle: Lifecycle = NOTHING_TOLD;
  let counts: ReadonlyMap<string, Count> = new Map();
  let timeMs = startMs;

  async function outcome(events: readonly EventMessage[], frame?: Frame, seen?: Seen): Promise<Outcome> {
    const countsBefore = counts;
    counts = countObjects(lifecycle, camera.objects.track);
    const messages = [
      ...events.map((event) => eventMessage(prefix, event)),
      ...(frame !== undefined && camera.snapshots.enabled ? await snapshots(events, frame) : []),
      ...changedCounts(prefix, camera.name, countsBefore, counts),
    ];
    return {
      timeMs,
      events,
      messages,
      ...(frame === undefined ? {} : { frame }),
      ...(seen === undefined ? {} : { seen }),
    };
  }

  /** A picture of whatever is told of for the first time, or looks better than ever, in this frame. */
  async function snapshots(events: readonly EventMessage[], frame: Frame): Promise<readonly Message[]> {
    const shown = events.filter(({ type, after }) => {
      return type === "new" || (type === "update" && after.snapshot?.frame_time === frame.timeMs / 1000);
    });
    return Promise.all(
      shown.map(async ({ after }) => {
        return snapshotMessage(prefix, camera.name, after.label, await annotate(frame, [after]));
      }),
    );
  }

  function endEverything(): readonly EventMessage[] {
    const ends = endAll(lifecycle);
    lifecycle = NOTHING_TOLD;
    tracker = NO_TRACKS;
    return ends;
  }

  yield await outcome([]);
  for await (const frame of frames) {
    if (frame === SILENCE) {
      yield await outcome(endEverything());
      continue;
    }
    timeMs = frame.timeMs;
    if (!camera.detect.enabled) {
      releaseMemory(frame.pixels);
      continue;
    }
    const findings = await lookAtFrame(frame, detector, lowestScore(camera), signal);
    if (findings === undefined) continue;
    onDetected?.();

    const wanted = findings.detections.filter((detection) => isWanted(detection, camera.objects, frame));
    tracker = updateTracks(tracker, wanted, timeMs, rules);
    const { name, sha256, precision, source } = detector.model;
    const { licence } = source;
    const inference_ms = Number(findings.inferenceMs.toFixed(1));
    const scene = {
      camera: camera.name,
      width: frame.width,
      height: frame.height,
      stationaryAfter: stationaryAfter(camera.detect),
      hasSnapshot: camera.snapshots.enabled,
      detector: { name, sha256, licence, precision, runtime: detector.runtime, inference_ms },
    };
    const confirmed = tracker.tracks.filter((track) => track.confirmed);
    const step = advanceLifecycle(lifecycle, confirmed, timeMs, scene, newId);
    lifecycle = step.lifecycle;
    const seen: Seen = {
      motion: [],
      regions: [[0, 0, frame.width, frame.height]],
      tracks: tracker.tracks,
      lifecycle,
    };
    yield await outcome(step.messages, frame, seen);
    releaseMemory(frame.pixels);
  }
  yield await outcome(endEverything());
}
