import type { Box, Detector } from "../detectors/detector.ts";
import { wasSetBack } from "./base/clock.ts";
import { SILENCE } from "./base/or-silence.ts";
import { releaseMemory } from "./base/release-memory.ts";
import type { Frame } from "./camera/frame.ts";
import type { CameraConfig } from "./config/schema.ts";
import { bestShown } from "./events/best-shown.ts";
import { type Counts, countObjects } from "./events/counts.ts";
import type { EndReason, EventMessage } from "./events/event.ts";
import { advanceLifecycle, endAll, type Lifecycle, NOTHING_TOLD } from "./events/lifecycle.ts";
import { expectedObjects } from "./expected-objects.ts";
import { type Answer, lookAtFrame } from "./look-at-frame.ts";
import { advancePresence, NOTHING_MOVED } from "./motion/presence.ts";
import { type Attention, hasStirred, NOTHING_SEEN, planRegions, rememberLook } from "./motion/regions.ts";
import type { Sighting } from "./motion/watch-motion.ts";
import type { Message } from "./mqtt/message.ts";
import { changedCounts, eventMessage, motionMessage, snapshotMessage } from "./mqtt/topics.ts";
import { acrossRegions } from "./preprocess/across-regions.ts";
import { rgbOf } from "./preprocess/rgb.ts";
import { lowestScore, trackerOptions } from "./tracking/rules.ts";
import type { Track } from "./tracking/track.ts";
import { NO_TRACKS, type Tracker, updateTracks } from "./tracking/tracker.ts";
import { isWanted } from "./tracking/wanted.ts";
import { annotate } from "./view/annotate.ts";

/** A camera's settings as far as they concern what is done with its frames. */
export type WatchedCamera = Pick<
  CameraConfig,
  "name" | "detect" | "motion" | "objects" | "zones" | "snapshots"
>;

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
  /** Whether objects are to be looked for now. Default: what the configuration says. */
  readonly isDetecting?: () => boolean;
  /** Keeps the best picture of an object, where the camera is to keep them. Default: none is kept. */
  readonly keepSnapshot?: (objectId: string, jpeg: Uint8Array) => Promise<void>;
  /** Called for every frame with how many of its regions the detector answered; 0: it was not asked, or failed. */
  readonly onLooked?: (regions: number) => void;
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

/** Regions of one frame that the detector is asked about at most: what that leaves out has its turn a frame later. */
const REGIONS_PER_FRAME = 3;

/**
 * From frames to messages: see what moved, decide where to look, detect, track, tell. Counts of 0 come first; `end`
 * events and counts of 0 come last.
 *
 * A region the detector fails on is left out. Everything in view ends where the frames fall silent or change their size,
 * detection is switched off, the detector keeps failing or the machine's clock is set back: how long something has not been
 * seen, or where it is, cannot be told then.
 */
export async function* watchCamera(
  sightings: AsyncIterable<Sighting | typeof SILENCE>,
  camera: WatchedCamera,
  dependencies: WatchDependencies,
): AsyncGenerator<Outcome, void> {
  const { detector, prefix, signal, newId, startMs, keepSnapshot, onLooked } = dependencies;
  const isDetecting = dependencies.isDetecting ?? (() => camera.detect.enabled);
  const frameMs = 1000 / camera.detect.fps;
  let attention: Attention = NOTHING_SEEN;
  let tracker: Tracker = NO_TRACKS;
  let lifecycle: Lifecycle = NOTHING_TOLD;
  let counts: Counts = new Map();
  let presence = NOTHING_MOVED;
  let inferenceMs = 0;
  let timeMs = startMs;
  let size: { readonly width: number; readonly height: number } | undefined;

  async function outcome(
    events: readonly EventMessage[],
    motion: readonly Message[] = [],
    frame?: Frame,
    seen?: Seen,
  ): Promise<Outcome> {
    const countsBefore = counts;
    counts = countObjects(lifecycle, camera);
    const messages = [
      ...motion,
      ...events.map((event) => eventMessage(prefix, event)),
      ...(frame !== undefined && camera.snapshots.enabled ? await snapshots(events, frame) : []),
      ...changedCounts(prefix, countsBefore, counts),
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
        return snapshotMessage(prefix, camera.name, after.label, await annotate(rgbOf(frame), [after]));
      }),
    );
  }

  function endEverything(reason: EndReason): readonly EventMessage[] {
    const ends = endAll(lifecycle, reason);
    lifecycle = NOTHING_TOLD;
    tracker = NO_TRACKS;
    attention = NOTHING_SEEN;
    return ends;
  }

  function presenceMessages(moving: boolean): readonly Message[] {
    const step = advancePresence(presence, moving, timeMs, camera.motion.mqtt_off_delay * 1000);
    presence = step.state;
    return step.message === undefined ? [] : [motionMessage(prefix, camera.name, step.message)];
  }

  /** One frame: where to look, what is there, who it is. */
  async function look({ frame, motion }: Sighting): Promise<Answer | undefined> {
    const lookRules = {
      frame,
      input: detector.model.input,
      frameMs,
      stationaryIntervalMs: camera.detect.stationary.interval * frameMs,
      budget: REGIONS_PER_FRAME,
    };
    const rules = trackerOptions(camera, frame);
    const expected = expectedObjects(tracker.tracks, timeMs, { frame, frameMs, minScore: rules.minScore });
    const glance = { timeMs, motion, expected };
    const { regions } = planRegions(attention, glance, lookRules);
    const answer = await lookAtFrame(frame, regions, detector, lowestScore(camera), signal);
    if (answer === undefined) return undefined;
    const { looked } = answer;
    const wanted = answer.findings.filter((finding) => isWanted(finding, camera.objects, frame));
    const findings = acrossRegions(wanted, frame, expected);
    const found = findings.map(({ box }) => box);
    attention = rememberLook(attention, glance, looked, found, lookRules);
    tracker = updateTracks(tracker, findings, timeMs, rules, looked);
    if (looked.length > 0) inferenceMs = answer.inferenceMs;
    return answer;
  }

  yield await outcome([]);
  for await (const sighting of sightings) {
    if (sighting === SILENCE) {
      yield await outcome(endEverything("silence"));
      continue;
    }
    const { frame, motion } = sighting;
    const isOfSize = size === undefined || (size.width === frame.width && size.height === frame.height);
    if (!isOfSize || wasSetBack(timeMs, frame.timeMs)) yield await outcome(endEverything("silence"));
    size = { width: frame.width, height: frame.height };
    timeMs = frame.timeMs;
    const moved = motion?.boxes ?? [];
    const motionMessages = motion === undefined ? [] : presenceMessages(moved.length > 0);
    const answer = isDetecting() ? await look(sighting) : undefined;
    onLooked?.(answer?.looked.length ?? 0);
    if (answer === undefined) {
      const ends = signal.aborted ? [] : endEverything("switched_off");
      yield await outcome(ends, motionMessages);
      releaseMemory(frame.planes);
      continue;
    }
    if (answer.looked.length === 0 && detector.stats().state === "failing") {
      // The next frame is looked at as a whole again: the first that is answered shows what is in view.
      yield await outcome(endEverything("detector_failed"), motionMessages);
      releaseMemory(frame.planes);
      continue;
    }

    const { name, sha256, precision, source } = detector.model;
    const { licence } = source;
    const inference_ms = Number(inferenceMs.toFixed(1));
    const scene = {
      camera: camera.name,
      width: frame.width,
      height: frame.height,
      zones: camera.zones,
      hasSnapshot: camera.snapshots.enabled || keepSnapshot !== undefined,
      detector: { name, sha256, licence, precision, runtime: detector.runtime, inference_ms },
    };
    const real = tracker.tracks.filter((track) => track.confirmed && hasStirred(attention, track.id));
    const step = advanceLifecycle(lifecycle, real, timeMs, scene, newId);
    if (keepSnapshot !== undefined) {
      for (const object of bestShown(lifecycle, step.lifecycle, timeMs)) {
        await keepSnapshot(object.id, await annotate(rgbOf(frame), [object]));
      }
    }
    lifecycle = step.lifecycle;
    const seen: Seen = { motion: moved, regions: answer.looked, tracks: tracker.tracks, lifecycle };
    yield await outcome(step.messages, motionMessages, frame, seen);
    releaseMemory(frame.planes);
  }
  yield await outcome(endEverything("shutdown"));
}
