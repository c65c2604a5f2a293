import type { DetectorState, DetectorStats, ModelInfo } from "../../detectors/detector.ts";
import { type ConnectionQuality, connectionQuality } from "./stream-availability.ts";

/** The counters of a camera since the start. They only increase. */
export interface CameraCounters {
  /** Access units that arrived from the camera. Not all are decoded: while nothing moves, key frames only. */
  readonly received: number;
  /** Frames that were decoded for detection; motion detection runs on all of them. */
  readonly seen: number;
  /** Frames that a newer one replaced while the detector was busy; their motion was added to the newer frame. */
  readonly skipped: number;
  /** Frames that the detector examined; the other frames were gated, because they had no motion. */
  readonly looked: number;
  /** Regions that the detector examined. */
  readonly regions: number;
}

/** The current condition of a camera. */
export interface CameraCondition {
  readonly isOnline: boolean;
  /** Whether detection is on. */
  readonly isDetecting: boolean;
  /** Requested frames per second. */
  readonly expectedFps: number;
  readonly reconnectsLastHour: number;
}

/** The figures of a camera, with Frigate's names: frames per second over the last interval, and counters since the start. */
export interface CameraStats {
  /** Received from the camera, whether they are decoded or not. */
  readonly camera_fps: number;
  /** Decoded and not skipped: few while nothing moves. */
  readonly process_fps: number;
  readonly skipped_fps: number;
  /** Detection passes per second: one for each region, so several or none per frame. */
  readonly detection_fps: number;
  readonly detection_enabled: boolean;
  readonly expected_fps: number;
  readonly connection_quality: ConnectionQuality;
  readonly reconnects_last_hour: number;
  /** Decoded since the start: `seen` = `looked` + `gated` + `skipped`. */
  readonly frames: {
    readonly seen: number;
    readonly gated: number;
    readonly looked: number;
    readonly skipped: number;
    readonly regions: number;
  };
}

/** The figures of a detector since the start. */
export interface DetectorFigures {
  /** The licence of the weights: an SPDX identifier or `unknown`. */
  readonly licence: string;
  /** While it is `failing`, the cameras report motion only. */
  readonly state: DetectorState;
  /** Milliseconds per frame, a moving average. */
  readonly inference_speed: number;
  readonly frames: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly restarts: number;
}

/** A detector with its counters. */
export interface CountedDetector {
  readonly model: Pick<ModelInfo, "name" | "licence">;
  readonly stats: DetectorStats;
}

/** The payload of `<prefix>/stats`. */
export interface Stats {
  readonly cameras: Readonly<Record<string, CameraStats>>;
  readonly detectors: Readonly<Record<string, DetectorFigures>>;
  readonly camera_fps: number;
  readonly process_fps: number;
  readonly skipped_fps: number;
  readonly detection_fps: number;
  readonly service: {
    /** Seconds since the start. */
    readonly uptime: number;
    readonly version: string;
    /** Unix time in seconds. */
    readonly last_updated: number;
    readonly pid: number;
    /** Resident memory of the agent without ffmpeg. */
    readonly rss_mb: number;
  };
  /** Messages that the broker has not acknowledged. */
  readonly outbox: {
    readonly waiting: number;
    /** Waiting messages that are retried only every hour, because the broker ended connections over them. */
    readonly held_back: number;
    /** Messages dropped since the start because the outbox was full. */
    readonly dropped: number;
    /** Messages that were damaged on disk at the start and set aside. */
    readonly damaged: number;
  };
}

/** Computes a camera's figures from two samples of its counters. */
export function cameraStats(
  before: CameraCounters,
  now: CameraCounters,
  seconds: number,
  { isOnline, isDetecting, expectedFps, reconnectsLastHour }: CameraCondition,
): CameraStats {
  const rate = (count: number) => perSecond(count, seconds);
  const seen = now.seen - before.seen;
  const skipped = now.skipped - before.skipped;
  const { received, ...frames } = now;
  const fps = rate(received - before.received);
  return {
    camera_fps: fps,
    process_fps: rate(seen - skipped),
    skipped_fps: rate(skipped),
    detection_fps: rate(now.regions - before.regions),
    detection_enabled: isDetecting,
    expected_fps: expectedFps,
    connection_quality: connectionQuality(isOnline, fps, expectedFps, reconnectsLastHour),
    reconnects_last_hour: reconnectsLastHour,
    frames: { ...frames, gated: now.seen - now.skipped - now.looked },
  };
}

/** Combines all figures and adds the sums over the cameras. */
export function agentStats(
  cameras: Readonly<Record<string, CameraStats>>,
  detectors: readonly CountedDetector[],
  service: Stats["service"],
  outbox: Stats["outbox"],
): Stats {
  const sum = (figure: "camera_fps" | "process_fps" | "skipped_fps" | "detection_fps") =>
    tenths(Object.values(cameras).reduce((total, camera) => total + camera[figure], 0));
  const figures = detectors.map(({ model, stats }) => {
    const { inferenceMs, ...counted } = stats;
    return [
      model.name,
      { ...counted, licence: model.licence, inference_speed: tenths(inferenceMs) },
    ] as const;
  });
  return {
    cameras,
    detectors: Object.fromEntries(figures),
    camera_fps: sum("camera_fps"),
    process_fps: sum("process_fps"),
    skipped_fps: sum("skipped_fps"),
    detection_fps: sum("detection_fps"),
    service,
    outbox,
  };
}

function perSecond(count: number, seconds: number): number {
  return seconds > 0 ? tenths(Math.max(0, count) / seconds) : 0;
}

/** Rounds to one decimal place. */
function tenths(value: number): number {
  return Number(value.toFixed(1));
}
