import type { CameraConfig } from "../../../agent/config/schema.ts";
import type { Report } from "../../../agent/health/report.ts";

type CameraReport = Report["cameras"][number];

/** The report of an agent whose cameras are online, except for these outages. */
export function reportOf(
  cameras: readonly Pick<CameraConfig, "name">[],
  outages: Readonly<Record<string, NonNullable<CameraReport["outage"]>>> = {},
): Report {
  return {
    version: "1.2.3",
    pid: 1,
    config_file: "/etc/sabrewing/sabrewing.yml",
    ports: { metrics: null, view: 5080 },
    uptime: 3725,
    rss_mb: 123,
    broker: { address: "broker:1883", connected: true, waiting: 2, held_back: 0, dropped: 0, damaged: 0 },
    detector: {
      name: "scripted",
      input: "64x32",
      precision: "f32",
      runtime: "wasmer",
      licence: "none",
      inference_speed: 12.5,
      frames: 1,
      faults: 0,
      restarts: 0,
    },
    cameras: cameras.map(({ name }) => ({
      name,
      enabled: true,
      online: outages[name] === undefined,
      outage: outages[name] ?? null,
      connection_quality: "excellent",
      reconnects_last_hour: 0,
      detection_enabled: true,
      motion: null,
      camera_fps: 12.4,
      expected_fps: 5,
      skipped_fps: 0.2,
      detection_fps: 3.1,
      counts: {},
      zones: {},
    })),
    events: [],
  };
}
