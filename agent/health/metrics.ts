import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { MetricsConfig } from "../config/schema.ts";
import type { ObjectsSeen } from "./event-history.ts";
import { type MetricsServer, type ServeMetricsDependencies, serveMetrics } from "./serve-metrics.ts";
import type { CameraStats, DetectorFigures, Stats } from "./stats.ts";

/** The sources of the figures, read at every scrape. */
export interface MetricSources {
  readonly stats: () => Stats;
  readonly seen: () => readonly ObjectsSeen[];
  readonly isOnline: (camera: string) => boolean;
}

/** A camera in the metrics. */
export interface MeasuredCamera {
  readonly camera: { readonly name: string };
  readonly isOnline: () => boolean;
}

/** Serves the figures of these cameras. Disposing of it closes the server. */
export function openMetrics(
  config: MetricsConfig,
  cameras: readonly MeasuredCamera[],
  { stats, seen, clock, log }: Omit<MetricSources, "isOnline"> & ServeMetricsDependencies,
): Promise<MetricsServer> {
  const isOnline = (name: string) =>
    cameras.some(({ camera, isOnline: isUp }) => camera.name === name && isUp());
  return serveMetrics(config, prometheusMetrics({ stats, seen, isOnline }), { clock, log });
}

/**
 * Figures in Prometheus' text format 0.0.4. Metrics that Frigate has, too, end like Frigate's (`frigate_camera_fps` is
 * `sabrewing_camera_fps`, by `camera_name`); those of the process have prom-client's default names.
 */
export function prometheusMetrics(sources: MetricSources): { read(): Promise<string>; contentType: string } {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const ofCameras = cameraMetrics(registry);
  const ofDetectors = detectorMetrics(registry);
  const ofAgent = agentMetrics(registry);
  const objects = new Counter({
    name: "sabrewing_camera_events_total",
    help: "Objects reported since the start",
    labelNames: ["camera_name", "label"],
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    async read() {
      const stats = sources.stats();
      for (const [name, figures] of Object.entries(stats.cameras)) {
        ofCameras(name, figures, sources.isOnline(name));
      }
      for (const [name, figures] of Object.entries(stats.detectors)) ofDetectors(name, figures);
      ofAgent(stats);
      objects.reset();
      for (const { camera, label, objects: count } of sources.seen()) {
        objects.inc({ camera_name: camera, label }, count);
      }
      return registry.metrics();
    },
  };
}

function cameraMetrics(registry: Registry) {
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `sabrewing_${name}`, help, labelNames: ["camera_name"], registers: [registry] });
  const fps = gauge("camera_fps", "Frames received from the camera per second");
  const process = gauge(
    "process_fps",
    "Frames processed per second: decoded, checked for motion and not skipped; few while nothing moves",
  );
  const skipped = gauge("skipped_fps", "Frames skipped per second because the detector was busy");
  const detection = gauge("detection_fps", "Regions examined by the detector per second");
  const enabled = gauge("detection_enabled", "1 while detection is on");
  const up = gauge("camera_up", "1 while the camera delivers frames");
  const reconnects = gauge("camera_reconnects_last_hour", "Reconnects of the camera within the last hour");
  const frames = new Counter({
    name: "sabrewing_camera_frames_total",
    help: "Frames since the start: looked (examined by the detector), gated (no motion) or skipped",
    labelNames: ["camera_name", "outcome"],
    registers: [registry],
  });
  return (name: string, figures: CameraStats, isOnline: boolean): void => {
    const camera = { camera_name: name };
    fps.set(camera, figures.camera_fps);
    process.set(camera, figures.process_fps);
    skipped.set(camera, figures.skipped_fps);
    detection.set(camera, figures.detection_fps);
    enabled.set(camera, Number(figures.detection_enabled));
    up.set(camera, Number(isOnline));
    reconnects.set(camera, figures.reconnects_last_hour);
    for (const outcome of ["looked", "gated", "skipped"] as const) {
      raiseTo(frames, { ...camera, outcome }, figures.frames[outcome]);
    }
  };
}

function detectorMetrics(registry: Registry) {
  const speed = new Gauge({
    name: "sabrewing_detector_inference_speed_seconds",
    help: "Duration of an inference, moving average",
    labelNames: ["name"],
    registers: [registry],
  });
  const counter = (name: string, help: string, labelNames: readonly string[]) =>
    new Counter({ name: `sabrewing_${name}`, help, labelNames: [...labelNames], registers: [registry] });
  const inferences = counter("detector_inferences_total", "Completed inferences", ["name"]);
  const faults = counter("detector_faults_total", "Failed inferences by type of fault", ["name", "fault"]);
  const restarts = counter("detector_restarts_total", "Restarts of detector instances", ["name"]);
  return (name: string, figures: DetectorFigures): void => {
    speed.set({ name }, figures.inference_speed / 1000);
    raiseTo(inferences, { name }, figures.frames);
    raiseTo(restarts, { name }, figures.restarts);
    for (const [fault, times] of Object.entries(figures.faults)) raiseTo(faults, { name, fault }, times);
  };
}

function agentMetrics(registry: Registry) {
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `sabrewing_${name}`, help, registers: [registry] });
  const detection = gauge(
    "detection_total_fps",
    "Regions examined by the detector for all cameras per second",
  );
  const uptime = gauge("service_uptime_seconds", "Time since the start");
  const updated = gauge("service_last_updated_timestamp", "Unix time of these figures");
  const waiting = gauge("outbox_messages", "Messages waiting for the broker");
  const heldBack = gauge(
    "outbox_held_back_messages",
    "Waiting messages that are retried only every hour, because the broker ended connections over them",
  );
  const counter = (name: string, help: string) =>
    new Counter({ name: `sabrewing_${name}`, help, registers: [registry] });
  const dropped = counter("outbox_dropped_total", "Messages dropped because the outbox was full");
  const damaged = counter(
    "outbox_damaged_total",
    "Messages that were damaged on disk at the start and set aside",
  );
  const info = new Gauge({
    name: "sabrewing_service_info",
    help: "Always 1; the label is the version",
    labelNames: ["version"],
    registers: [registry],
  });
  return ({ detection_fps, service, outbox }: Stats): void => {
    detection.set(detection_fps);
    uptime.set(service.uptime);
    updated.set(service.last_updated);
    info.set({ version: service.version }, 1);
    waiting.set(outbox.waiting);
    heldBack.set(outbox.held_back);
    raiseTo(dropped, {}, outbox.dropped);
    raiseTo(damaged, {}, outbox.damaged);
  };
}

/** Sets a counter to a value that is counted elsewhere. */
function raiseTo(counter: Counter, labels: Record<string, string>, value: number): void {
  counter.remove(labels);
  counter.inc(labels, value);
}
