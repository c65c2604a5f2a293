import type { DetectorState, DetectorStats, ModelInfo } from "../../detectors/detector.ts";
import { type ConnectionQuality, connectionQuality } from "./stream-availability.ts";

/** What a camera has been through since the start. Only grows. */
export interface CameraCounters {
  /** Frames in which motion was looked for: all that the camera delivered. */
  readonly seen: number;
  /** Of these, frames that a newer one replaced before the detector had time; what moved in them counted with the next. */
  readonly skipped: number;
  /** Frames the detector was asked about and answered; the others were gated, because nothing moved. */
  readonly looked: number;
  /** Regions of frames the detector answered. */
  readonly regions: number;
}

/** How a camera is at the moment. */
export interface CameraCondition {
  readonly isOnline: boolean;
  /** Whether objects are looked for. */
  readonly isDetecting: boolean;
  /** Frames per second that are asked of it. */
  readonly expectedFps: number;
  readonly reconnectsLastHour: number;
}

/** Frigate's words for a camera: frames per second over the last interval; and the counters since the start. */
export interface CameraStats {
  readonly camera_fps: number;
  readonly process_fps: number;
  readonly skipped_fps: number;
  /** Regions: a frame may cost several looks, or none. */
  readonly detection_fps: number;
  readonly detection_enabled: boolean;
  readonly expected_fps: number;
  readonly connection_quality: ConnectionQuality;
  readonly reconnects_last_hour: number;
  /** Since the start: `seen` = `looked` + `gated` + `skipped`. */
  readonly frames: {
    readonly seen: number;
    readonly gated: number;
    readonly looked: number;
    readonly skipped: number;
    readonly regions: number;
  };
}

/** A detector since the start. */
export interface DetectorFigures {
  /** Of the weights, an SPDX identifier or `unknown`. */
  readonly licence: string;
  /** While it is `failing`, the cameras have motion only. */
  readonly state: DetectorState;
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
    readonly pid: number;
    /** Resident memory of the agent, ffmpeg apart. */
    readonly rss_mb: number;
  };
  /** Messages that have not reached the broker. */
  readonly outbox: {
    readonly waiting: number;
    /** Of those that wait: sent again every hour only, because the broker ended the connections over them. */
    readonly held_back: number;
    /** Given up since the start because there was no more room. */
    readonly dropped: number;
    /** Found damaged on disk at the start, and set aside. */
    readonly damaged: number;
  };
}

/** A camera's frames per second between two looks at its counters. */
export function cameraStats(
  before: CameraCounters,
  now: CameraCounters,
  seconds: number,
  { isOnline, isDetecting, expectedFps, reconnectsLastHour }: CameraCondition,
): CameraStats {
  const rate = (count: number) => perSecond(count, seconds);
  const seen = now.seen - before.seen;
  const skipped = now.skipped - before.skipped;
  const fps = rate(seen);
  return {
    camera_fps: fps,
    process_fps: rate(seen - skipped),
    skipped_fps: rate(skipped),
    detection_fps: rate(now.regions - before.regions),
    detection_enabled: isDetecting,
    expected_fps: expectedFps,
    connection_quality: connectionQuality(isOnline, fps, expectedFps, reconnectsLastHour),
    reconnects_last_hour: reconnectsLastHour,
    frames: { ...now, gated: now.seen - now.skipped - now.looked },
  };
}

/** Everything together, with the cameras' sums. */
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
    const { licence } = model.source;
    return [model.name, { ...counted, licence, inference_speed: tenths(inferenceMs) }] as const;
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

/** To one decimal. */
function tenths(value: number): number {
  return Number(value.toFixed(1));
}
