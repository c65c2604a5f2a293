import { z } from "zod";
import type { ModelInfo } from "../../detectors/detector.ts";
import type { CameraConfig, MqttConfig } from "../config/schema.ts";
import { countTopic, motionTopic } from "../mqtt/topics.ts";
import type { EventHistory } from "./event-history.ts";
import type { Stats } from "./stats.ts";
import type { Outage } from "./stream-availability.ts";

const counts = z.record(z.string(), z.int());

/** The report of a running agent to `sabrewing status`, which prints it for scripts. Names as on `<prefix>/stats`. */
export const ReportSchema = z.object({
  version: z.string(),
  pid: z.int(),
  /** The path of the configuration file that the agent was started with. */
  config_file: z.string(),
  /** The TCP ports on which the agent listens. Null: not enabled. */
  ports: z.object({ metrics: z.int().nullable(), view: z.int().nullable() }),
  /** Seconds. */
  uptime: z.number(),
  rss_mb: z.number(),
  broker: z.object({
    address: z.string(),
    connected: z.boolean(),
    waiting: z.int(),
    held_back: z.int(),
    dropped: z.int(),
    damaged: z.int(),
  }),
  detector: z.object({
    name: z.string(),
    input: z.string(),
    precision: z.string(),
    runtime: z.string(),
    licence: z.string(),
    /** Milliseconds. */
    inference_speed: z.number(),
    frames: z.int(),
    faults: z.int(),
    restarts: z.int(),
  }),
  cameras: z.array(
    z.object({
      name: z.string(),
      /** Whether the camera is switched on. */
      enabled: z.boolean(),
      online: z.boolean(),
      /** Why it is offline; null: it is online. */
      outage: z
        .object({
          /** Unix seconds of the last frame, or of the start. */
          since: z.number(),
          reason: z.string().nullable(),
          remedy: z.string().nullable(),
        })
        .nullable(),
      connection_quality: z.string(),
      reconnects_last_hour: z.int(),
      detection_enabled: z.boolean(),
      /** Null: unknown yet. */
      motion: z.boolean().nullable(),
      camera_fps: z.number(),
      expected_fps: z.number(),
      skipped_fps: z.number(),
      detection_fps: z.number(),
      /** Objects in view, by label. */
      counts,
      /** Objects in each zone, by label. */
      zones: z.record(z.string(), counts),
    }),
  ),
  /** Newest first. */
  events: z.array(
    z.object({
      time: z.number(),
      type: z.enum(["new", "update", "end"]),
      id: z.string(),
      camera: z.string(),
      label: z.string(),
      score: z.number(),
      zones: z.array(z.string()).readonly(),
    }),
  ),
});

export type Report = z.output<typeof ReportSchema>;

/** The sources of a report. */
export interface ReportSources {
  readonly configFile: string;
  readonly ports: { readonly metrics: number | undefined; readonly view: number | undefined };
  readonly mqtt: Pick<MqttConfig, "host" | "port" | "topic_prefix">;
  readonly cameras: readonly {
    readonly camera: Pick<CameraConfig, "name" | "objects" | "zones">;
    readonly isEnabled: () => boolean;
    readonly outage: () => Outage | undefined;
  }[];
  readonly detector: { readonly model: ModelInfo; readonly runtime: string };
  readonly stats: () => Stats;
  readonly isConnected: () => boolean;
  readonly events: Pick<EventHistory, "latest">;
  /** The last retained payload on a topic. */
  readonly lastPayload: (topic: string) => string | undefined;
}

/** Reports the current state of the agent. */
export function takeReport(sources: ReportSources): Report {
  const { configFile, ports, mqtt, cameras, detector, isConnected, events, lastPayload } = sources;
  const { service, outbox, detectors, cameras: figures } = sources.stats();
  const { name, input, precision, licence } = detector.model;
  const ofDetector = detectors[name];
  const faults = Object.values(ofDetector?.faults ?? {}).reduce((sum, times) => sum + times, 0);
  const countsIn = (place: string, labels: readonly string[]) =>
    Object.fromEntries(
      labels.map((label) => [label, Number(lastPayload(countTopic(mqtt.topic_prefix, place, label)) ?? 0)]),
    );
  return {
    version: service.version,
    pid: service.pid,
    config_file: configFile,
    ports: { metrics: ports.metrics ?? null, view: ports.view ?? null },
    uptime: service.uptime,
    rss_mb: service.rss_mb,
    broker: { address: `${mqtt.host}:${mqtt.port}`, connected: isConnected(), ...outbox },
    detector: {
      name,
      input: `${input.width}x${input.height}`,
      precision,
      runtime: detector.runtime,
      licence,
      inference_speed: ofDetector?.inference_speed ?? 0,
      frames: ofDetector?.frames ?? 0,
      faults,
      restarts: ofDetector?.restarts ?? 0,
    },
    cameras: cameras.flatMap(({ camera, isEnabled, outage: outageOf }) => {
      const figure = figures[camera.name];
      if (figure === undefined) return [];
      const outage = outageOf();
      const motion = lastPayload(motionTopic(mqtt.topic_prefix, camera.name));
      const { frames: _, process_fps: __, ...ofCamera } = figure;
      const { track } = camera.objects;
      const zones = camera.zones.map(
        (zone) => [zone.name, countsIn(zone.name, zone.objects.length > 0 ? zone.objects : track)] as const,
      );
      return [
        {
          name: camera.name,
          enabled: isEnabled(),
          online: outage === undefined,
          outage: outage === undefined ? null : reported(outage),
          motion: motion === undefined ? null : motion === "ON",
          ...ofCamera,
          counts: countsIn(camera.name, track),
          zones: Object.fromEntries(zones),
        },
      ];
    }),
    events: [...events.latest()],
  };
}

function reported({ sinceMs, failure }: Outage): NonNullable<Report["cameras"][number]["outage"]> {
  return { since: sinceMs / 1000, reason: failure?.message ?? null, remedy: failure?.remedy ?? null };
}
