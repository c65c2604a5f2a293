import type { Detector } from "../detectors/detector.ts";
import type { Clock } from "./base/clock.ts";
import { withIdleTimeout } from "./base/idle-timeout.ts";
import type { Log } from "./base/log.ts";
import { newestOnly } from "./base/newest-only.ts";
import { freezeCheck } from "./camera/freeze-check.ts";
import { rememberSize } from "./camera/remember-size.ts";
import { retryStream } from "./camera/retry-stream.ts";
import { longestSilenceMs, readCamera } from "./camera/rtsp.ts";
import type { CameraConfig } from "./config/schema.ts";
import { eventIds } from "./events/event-id.ts";
import type { CameraStates } from "./health/camera-states.ts";
import { rememberConnection } from "./health/connection.ts";
import { type Pulses, whileReading, whileWorking } from "./health/pulse.ts";
import type { RecentEvents } from "./health/recent-events.ts";
import type { CameraCondition, CameraCounters } from "./health/stats.ts";
import { newerSighting, watchMotion } from "./motion/watch-motion.ts";
import { detectState } from "./mqtt/commands.ts";
import type { Message } from "./mqtt/message.ts";
import type { Switches } from "./state/switches.ts";
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
  /** Shows frames and outcomes to viewers; undefined where the live view is off. */
  readonly view: LiveView | undefined;
  readonly publish: (message: Message) => void;
  /** First level of every topic. */
  readonly prefix: string;
  readonly states: CameraStates;
  readonly events: RecentEvents;
  readonly switches: Switches;
  readonly pulses: Pulses;
}

/** One camera that is being watched. */
export interface CameraPipeline {
  readonly camera: CameraConfig;
  readonly counters: () => CameraCounters;
  readonly condition: () => CameraCondition;
  readonly isOnline: () => boolean;
  /** Resolves when everything is published after an abort. */
  readonly done: Promise<void>;
}

const FIRST_REOPEN_MS = 1_000;
/** The longest that one frame may take: this many inferences that all miss their deadline, and everything else. */
const DEADLINES_PER_FRAME = 10;
const FRAME_WITHIN_MS = 30_000;

/** Starts to watch a camera: from its stream to the messages that are published. */
export function startCameraPipeline(
  camera: CameraConfig,
  dependencies: CameraPipelineDependencies,
): CameraPipeline {
  const { clock, log, random, signal, detector, view, publish, prefix, states, events } = dependencies;
  const { name, detect, ffmpeg, snapshots } = camera;
  const { width, height, fps } = detect;
  const [{ path: address }] = ffmpeg.inputs;
  const size = width === undefined || height === undefined ? undefined : { width, height };
  const readWithinMs = longestSilenceMs(fps) + ffmpeg.retry_interval * 1000;
  const backoff = { firstMs: FIRST_REOPEN_MS, longestMs: ffmpeg.retry_interval * 1000 };
  const idleTimeoutMs = (detect.max_disappeared / fps) * 1000;
  const processWithinMs = FRAME_WITHIN_MS + DEADLINES_PER_FRAME * dependencies.deadlineMs;

  const reading = dependencies.pulses.start(`camera ${name}: reading`);
  const processing = dependencies.pulses.start(`camera ${name}: looking`);
  const connection = rememberConnection(clock);
  const onStatus = (status: "online" | "offline") => {
    connection.become(status);
    states.cameraBecame(name, status);
  };
  const isDetecting = () => dependencies.switches.isDetecting(name);
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

  // The way of a frame, from the stream on.
  const stream = { camera: name, address, size, fps };
  const open = rememberSize((expectedSize) => {
    reading.expectWithin(readWithinMs);
    return readCamera(stream, { clock, signal, expectedSize });
  });
  const check = freezeCheck({ camera: name, frozenAfterSeconds: ffmpeg.frozen_after, clock });
  const read = retryStream(() => check(open()), {
    camera: name,
    clock,
    log,
    signal,
    random,
    backoff,
    onStatus,
  });
  const supervised = whileReading(read, reading, readWithinMs);
  const shown = view?.tap(supervised) ?? supervised;
  const sightings = watchMotion(shown, camera.motion);
  // The gate sees every frame. Behind it a slow detector skips frames, but not what moved in them.
  const newest = newestOnly(sightings, newerSighting);
  const orIdle = withIdleTimeout(newest, idleTimeoutMs, clock);
  const processed = whileWorking(orIdle, processing, processWithinMs);
  const outcomes = watchCamera(processed, camera, {
    detector,
    prefix,
    signal,
    newId: eventIds(random),
    startMs: clock.nowMs(),
    isDetecting,
    onFrame,
    ...(keepSnapshot ? { keepSnapshot } : {}),
  });

  async function publishAll(): Promise<void> {
    publish(detectState(prefix, name, isDetecting()));
    for await (const outcome of outcomes) {
      outcome.messages.forEach(publish);
      outcome.events.forEach(events.note);
      await view?.show(name, outcome);
    }
    states.cameraBecame(name, "offline");
  }

  return {
    camera,
    condition: () => ({
      isOnline: connection.isOnline(),
      isDetecting: isDetecting(),
      expectedFps: fps,
      reconnectsLastHour: connection.reconnectsLastHour(),
    }),
    isOnline: connection.isOnline,
    counters() {
      const { delivered, dropped } = newest.counts();
      return { seen: delivered + dropped, skipped: dropped, looked: framesDetected, regions };
    },
    done: publishAll(),
  };
}
