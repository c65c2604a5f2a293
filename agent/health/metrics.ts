import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { MetricsConfig } from "../config/schema.ts";
import type { ObjectsSeen } from "./event-history.ts";
import { type ServeMetricsDependencies, serveMetrics } from "./serve-metrics.ts";
import type { CameraStats, DetectorFigures, Stats } from "./stats.ts";

/** Where the figures come from, asked at every scrape. */
export interface MetricSources {
  readonly stats: () => Stats;
  readonly seen: () => readonly ObjectsSeen[];
  readonly isOnline: (camera: string) => boolean;
}

/** A camera that the figures tell of. */
export interface MeasuredCamera {
  readonly camera: { readonly name: string };
  readonly isOnline: () => boolean;
}

/** Serves the figures of these cameras. Leaving its scope closes the server. */
export function openMetrics(
  config: MetricsConfig,
  cameras: readonly MeasuredCamera[],
  { stats, seen, clock, log }: Omit<MetricSources, "isOnline"> & ServeMetricsDependencies,
): Promise<AsyncDisposable> {
  const isOnline = (name: string) =>
    cameras.some(({ camera, isOnline: isUp }) => camera.name === name && isUp());
  return serveMetrics(config, prometheusMetrics({ stats, seen, isOnline }), { clock, log });
}

/**
 * Figures in Prometheus' text format 0.0.4. Those that Frigate has end as Frigate's do (`frigate_camera_fps` is
 * `sabrewing_camera_fps`, by `camera_name`); those of the process have the names every Node.js program gives them.
 */
export function prometheusMetrics(sources: MetricSources): { read(): Promise<string>; contentType: string } {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const ofCameras = cameraMetrics(registry);
  const ofDetectors = detectorMetrics(registry);
  const ofAgent = agentMetrics(registry);
  const objects = new Counter({
    name: "sabrewing_camera_events_total",
    help: "Objects told of, since the start",
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
  const fps = gauge("camera_fps", "Frames that came, per second");
  const process = gauge(
    "process_fps",
    "Frames in which motion was looked for and that were not skipped, per second",
  );
  const skipped = gauge("skipped_fps", "Frames left out because the detector was behind, per second");
  const detection = gauge("detection_fps", "Regions the detector answered, per second");
  const enabled = gauge("detection_enabled", "1 while objects are looked for");
  const up = gauge("camera_up", "1 while the camera delivers pictures");
  const reconnects = gauge(
    "camera_reconnects_last_hour",
    "How often pictures came back within the last hour",
  );
  const frames = new Counter({
    name: "sabrewing_camera_frames_total",
    help: "Frames since the start: looked at by the detector, gated because nothing moved, or skipped",
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
    help: "Time one inference takes, a moving average",
    labelNames: ["name"],
    registers: [registry],
  });
  const counter = (name: string, help: string, labelNames: readonly string[]) =>
    new Counter({ name: `sabrewing_${name}`, help, labelNames: [...labelNames], registers: [registry] });
  const inferences = counter("detector_inferences_total", "Inferences answered", ["name"]);
  const faults = counter("detector_faults_total", "Inferences lost, by what went wrong", ["name", "fault"]);
  const restarts = counter("detector_restarts_total", "How often an instance was started again", ["name"]);
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
  const detection = gauge("detection_total_fps", "Regions the detector answered for all cameras, per second");
  const uptime = gauge("service_uptime_seconds", "Time since the start");
  const updated = gauge("service_last_updated_timestamp", "When these figures were taken, Unix time");
  const waiting = gauge("outbox_messages", "Messages that wait for the broker");
  const heldBack = gauge(
    "outbox_held_back_messages",
    "Messages that wait and are sent again every hour only, because the broker ended the connections over them",
  );
  const counter = (name: string, help: string) =>
    new Counter({ name: `sabrewing_${name}`, help, registers: [registry] });
  const dropped = counter("outbox_dropped_total", "Messages given up because the outbox was full");
  const damaged = counter(
    "outbox_damaged_total",
    "Messages found damaged on disk at the start, and set aside",
  );
  const info = new Gauge({
    name: "sabrewing_service_info",
    help: "Always 1; its label tells the version",
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

/** Sets a counter to what is counted elsewhere. */
function raiseTo(counter: Counter, labels: Record<string, string>, value: number): void {
  counter.remove(labels);
  counter.inc(labels, value);
}
