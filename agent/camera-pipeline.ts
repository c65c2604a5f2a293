import type { Detector } from "../detectors/detector.ts";
import type { Clock } from "./base/clock.ts";
import { withIdleTimeout } from "./base/idle-timeout.ts";
import type { Log } from "./base/log.ts";
import { newestOnly } from "./base/newest-only.ts";
import { watchArrivals } from "./camera/arrivals.ts";
import type { TimedUnit } from "./camera/decode-plan.ts";
import { frameFeedback } from "./camera/frame-feedback.ts";
import { freezeCheck } from "./camera/freeze-check.ts";
import { LONGEST_SILENCE_MS, readCamera } from "./camera/read-camera.ts";
import { readWhileOn } from "./camera/read-while-on.ts";
import { retryStream } from "./camera/retry-stream.ts";
import { cameraMemory } from "./camera/rtsp/session.ts";
import type { CurrentCameras } from "./config/current-cameras.ts";
import type { CameraConfig } from "./config/schema.ts";
import { eventIds } from "./events/event-id.ts";
import type { CameraStates } from "./health/camera-states.ts";
import type { EventHistory } from "./health/event-history.ts";
import { monitorConsumer, monitorSource, type ProgressMonitor } from "./health/progress.ts";
import type { CameraCondition, CameraCounters } from "./health/stats.ts";
import { type Outage, trackAvailability } from "./health/stream-availability.ts";
import { catchingUp } from "./motion/catch-up.ts";
import { newerSighting, reportMotion, watchMotion } from "./motion/watch-motion.ts";
import type { Message } from "./mqtt/message.ts";
import type { Switches, SwitchName } from "./state/switches.ts";
import { needsEveryFrame } from "./tracking/track.ts";
import type { LiveView } from "./view/live/open-live-view.ts";
import { snapshotFolder } from "./view/snapshot-folder.ts";
import { watchCamera } from "./watch-camera.ts";

export interface CameraPipelineDependencies {
  readonly clock: Clock;
  readonly log: Log;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  /** Aborted: the events of this camera end, and `done` resolves. */
  readonly signal: AbortSignal;
  readonly detector: Detector;
  /** Milliseconds that one inference may take. */
  readonly deadlineMs: number;
  /** Shows frames and outcomes to viewers; undefined if the live view is off. */
  readonly view: LiveView | undefined;
  readonly publish: (message: Message) => void;
  /** First level of every topic. */
  readonly prefix: string;
  /** The settings in force. */
  readonly cameras: CurrentCameras;
  readonly states: CameraStates;
  readonly events: EventHistory;
  readonly switches: Switches;
  readonly progress: ProgressMonitor;
}

/** One camera that is being watched. */
export interface CameraPipeline {
  /** Its settings in force. */
  readonly camera: CameraConfig;
  readonly counters: () => CameraCounters;
  readonly condition: () => CameraCondition;
  readonly isOnline: () => boolean;
  /** Whether the camera is switched on. */
  readonly isEnabled: () => boolean;
  /** Why it delivers no frames; undefined while it does. */
  readonly outage: () => Outage | undefined;
  /** Resolves after an abort when all messages are published. */
  readonly done: Promise<void>;
}

const FIRST_REOPEN_MS = 1_000;
/** The time limit of one frame: this many inferences that miss their deadline, and FRAME_WITHIN_MS for the rest. */
const DEADLINES_PER_FRAME = 10;
const FRAME_WITHIN_MS = 30_000;

/** Starts to watch a camera: reads its stream, detects objects and publishes messages. */
export function startCameraPipeline(
  camera: CameraConfig,
  dependencies: CameraPipelineDependencies,
): CameraPipeline {
  const settings = () => dependencies.cameras.of(camera.name);
  const { clock, log, random, signal, detector, view, publish, prefix, states, events } = dependencies;
  const { name, detect, ffmpeg, rotate, snapshots } = camera;
  const { width, height, fps } = detect;
  const [{ path: address, transport }] = ffmpeg.inputs;
  const size = width === undefined || height === undefined ? undefined : { width, height };
  const readWithinMs = LONGEST_SILENCE_MS + ffmpeg.retry_interval * 1000;
  const backoff = { firstMs: FIRST_REOPEN_MS, longestMs: ffmpeg.retry_interval * 1000 };
  const idleTimeoutMs = () => (settings().detect.max_disappeared / fps) * 1000;
  const processWithinMs = FRAME_WITHIN_MS + DEADLINES_PER_FRAME * dependencies.deadlineMs;

  const reading = dependencies.progress.start(`camera ${name}: reading`);
  const processing = dependencies.progress.start(`camera ${name}: processing`);
  const availability = trackAvailability(clock);
  const onStatus = (status: "online" | "offline") => {
    availability.setStatus(status);
    states.setCameraStatus(name, status);
  };
  const enabled = dependencies.switches.enabled(name);
  const isOn = (switched: SwitchName) => dependencies.switches.isOn(name, switched);
  const keepSnapshot =
    snapshots.directory &&
    snapshotFolder({
      camera: name,
      directory: snapshots.directory,
      retainDays: snapshots.retain_days,
      clock,
      log,
    }).keep;
  let framesDetected = 0;
  let regions = 0;
  const onFrame = (answered: number) => {
    if (answered > 0) framesDetected++;
    regions += answered;
  };

  const feedback = frameFeedback();
  const memory = cameraMemory();
  const arrivals = watchArrivals(idleTimeoutMs, clock);
  const onUnit = (unit: TimedUnit) => {
    arrivals.record();
    reading.expectNextWithin(readWithinMs);
    view?.receive(name, unit);
  };
  let hwaccelArgs = ffmpeg.hwaccel_args;
  const onHardwareFailure = (reason: string) => {
    log.warn({ camera: name, reason }, "the hardware decoder fails: the camera is decoded in software");
    hwaccelArgs = [];
  };
  const open = (untilOff: AbortSignal) => {
    reading.expectNextWithin(readWithinMs);
    const stream = { camera: name, address, transport, size, rotate, fps, idle: detect.idle, hwaccelArgs };
    const options = { clock, signal: untilOff, memory, onUnit, onHardwareFailure };
    return readCamera(stream, camera.motion.enabled ? { ...options, feedback } : options);
  };
  const onClosed = () => {
    reading.pause();
    onStatus("offline");
  };
  const frozenRule = { camera: name, frozenAfterSeconds: ffmpeg.frozen_after, clock };
  const retries = { camera: name, clock, log, random, backoff, onStatus, onFailure: availability.setFailure };
  const silentInMs = () => (enabled.isOn() ? arrivals.silentInMs() : 0);
  const watching = {
    detector,
    prefix,
    signal,
    newId: eventIds(random),
    startMs: clock.nowMs(),
    isOn,
    settings,
    onFrame,
    ...(keepSnapshot ? { keepSnapshot } : {}),
  };

  // The path of a frame, from the camera to its outcome, one wrapper per line. Motion detection runs on every decoded frame.
  // If the detector is slow, frames are skipped, but their motion is kept. The frames of a burst wait.
  const checkFrozen = freezeCheck(frozenRule);
  const read = (untilOff: AbortSignal) =>
    retryStream(() => checkFrozen(open(untilOff)), { ...retries, signal: untilOff });
  const whileOn = readWhileOn(read, enabled, { signal, onClosed });
  const supervised = monitorSource(whileOn, reading, readWithinMs);
  const shown = view?.tap(supervised) ?? supervised;
  const sightings = watchMotion(
    shown,
    () => settings().motion,
    1000 / fps,
    () => isOn("motion"),
  );
  const reported = reportMotion(sightings, feedback);
  const newest = newestOnly(reported, newerSighting, catchingUp(clock));
  const orIdle = withIdleTimeout(newest, silentInMs, clock, enabled.offSignal);
  const processed = monitorConsumer(orIdle, processing, processWithinMs);
  const outcomes = watchCamera(processed, camera, watching);

  async function publishAll(): Promise<void> {
    for await (const outcome of outcomes) {
      feedback.report({ type: "tracks", areMoving: needsEveryFrame(outcome.seen?.tracks ?? []) });
      outcome.messages.forEach(publish);
      outcome.events.forEach(events.record);
      await view?.show(name, outcome);
    }
    states.setCameraStatus(name, "offline");
  }

  return {
    get camera() {
      return settings();
    },
    condition: () => ({
      isOnline: availability.isOnline(),
      isDetecting: isOn("detect"),
      expectedFps: fps,
      reconnectsLastHour: availability.reconnectsLastHour(),
    }),
    isOnline: availability.isOnline,
    isEnabled: enabled.isOn,
    outage: availability.outage,
    counters() {
      const { delivered, dropped } = newest.counts();
      const seen = delivered + dropped;
      return { received: arrivals.count(), seen, skipped: dropped, looked: framesDetected, regions };
    },
    done: publishAll(),
  };
}
