import type { DetectorStats, ModelInfo } from "../../detectors/detector.ts";

/** What a camera has been through since the start. Only grows. */
export interface CameraCounters {
  /** Frames the camera delivered, those not looked at included. */
  readonly delivered: number;
  /** Frames taken from the queue. */
  readonly processed: number;
  /** Frames the detector answered. */
  readonly detected: number;
}

/** Frigate's words for a camera: frames per second over the last interval. */
export interface CameraStats {
  readonly camera_fps: number;
  readonly process_fps: number;
  readonly skipped_fps: number;
  readonly detection_fps: number;
  readonly detection_enabled: boolean;
}

/** A detector since the start. */
export interface DetectorFigures {
  /** Of the weights, an SPDX identifier or `unknown`. */
  readonly licence: string;
  /** Milliseconds per frame, a moving average. */
  readonly inference_speed: number;
  readonly frames: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly restarts: number;
}

/** A detector and what it has been through. */
export interface CountedDetector {
  readonly model: Pick<ModelInfo, "name" | "source">;
  readonly stats: DetectorStats;
}

/** What `<prefix>/stats` carries. */
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
  };
}

/** A camera's frames per second between two looks at its counters. */
export function cameraStats(
  before: CameraCounters,
  now: CameraCounters,
  seconds: number,
  detectionEnabled: boolean,
): CameraStats {
  const rate = (count: number) => perSecond(count, seconds);
  const delivered = now.delivered - before.delivered;
  const processed = now.processed - before.processed;
  return {
    camera_fps: rate(delivered),
    process_fps: rate(processed),
    skipped_fps: rate(delivered - processed),
    detection_fps: rate(now.detected - before.detected),
    detection_enabled: detectionEnabled,
  };
}

/** Everything together, with the cameras' sums. */
export function agentStats(
  cameras: Readonly<Record<string, CameraStats>>,
  detectors: readonly CountedDetector[],
  service: Stats["service"],
): Stats {
  const sum = (figure: "camera_fps" | "process_fps" | "skipped_fps" | "detection_fps") =>
    tenths(Object.values(cameras).reduce((total, camera) => total + camera[figure], 0));
  const figures = detectors.map(({ model, stats }) => {
    const { inferenceMs, frames, faults, restarts } = stats;
    const { licence } = model.source;
    return [model.name, { licence, inference_speed: tenths(inferenceMs), frames, faults, restarts }] as const;
  });
  return {
    cameras,
    detectors: Object.fromEntries(figures),
    camera_fps: sum("camera_fps"),
    process_fps: sum("process_fps"),
    skipped_fps: sum("skipped_fps"),
    detection_fps: sum("detection_fps"),
    service,
  };
}

function perSecond(count: number, seconds: number): number {
  return seconds > 0 ? tenths(Math.max(0, count) / seconds) : 0;
}

function tenths(value: number): number {
  return Number(value.toFixed(1));
}
