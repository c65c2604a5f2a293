import { stringify } from "yaml";
import type { Runtime } from "../../detectors/detector.ts";
import type { BrokerAddress } from "./broker.ts";

/** The name of the demo's only camera. */
export const CAMERA = "demo";

/** What the demo's agent is told. */
export interface AgentSettings {
  readonly broker: BrokerAddress;
  readonly prefix: string;
  readonly modulePath: string;
  /** Where it keeps what outlives a restart. Default: a folder that goes with the process. */
  readonly stateDirectory?: string;
  readonly cameraUrl: string;
  readonly labels: readonly string[];
  /** Which boxes count, for each of the labels; undefined: as the agent has it by default. */
  readonly filters?: { readonly minScore: number; readonly threshold: number } | undefined;
  /** Whether it sends a picture of each object. */
  readonly snapshots: boolean;
  /** Seconds between two messages of figures. */
  readonly statsIntervalSeconds: number;
  /** Which engine runs the module, and how long a frame may take. Default: as the agent has it. */
  readonly detector?: { readonly runtime: Runtime | undefined; readonly deadlineMs: number };
  /** Who may look on in a browser, on any port that is free. Default: nobody. */
  readonly view?: { readonly token: string };
}

/** The variable that carries the broker's password to the agent: it stands in no file. */
export const PASSWORD_VARIABLE = "SABREWING_MQTT_PASSWORD";

/** The agent's configuration file (YAML). */
export function agentConfig(settings: AgentSettings): string {
  const { broker } = settings;
  return stringify({
    mqtt: {
      host: broker.host,
      port: broker.port,
      ...(broker.user === undefined ? {} : { user: broker.user }),
      ...(broker.password === undefined ? {} : { password: `{${PASSWORD_VARIABLE}}` }),
      client_id: `sabrewing-demo-${process.pid}`,
      topic_prefix: settings.prefix,
      stats_interval: settings.statsIntervalSeconds,
    },
    model: { path: settings.modulePath },
    ...(settings.detector === undefined ? {} : { detector: detectorOf(settings.detector) }),
    ...(settings.view === undefined ? {} : { view: { enabled: true, port: 0, token: settings.view.token } }),
    ...(settings.stateDirectory === undefined ? {} : { state_dir: settings.stateDirectory }),
    cameras: {
      [CAMERA]: {
        ffmpeg: { inputs: [{ path: settings.cameraUrl }] },
        detect: { fps: 5 },
        objects: { track: settings.labels, ...filtersOf(settings) },
        snapshots: { enabled: settings.snapshots },
      },
    },
  });
}

function detectorOf({ runtime, deadlineMs }: NonNullable<AgentSettings["detector"]>): object {
  return { ...(runtime === undefined ? {} : { runtime }), deadline_ms: deadlineMs };
}

function filtersOf({ labels, filters }: AgentSettings): object {
  if (filters === undefined) return {};
  const { minScore, threshold } = filters;
  return { filters: Object.fromEntries(labels.map((label) => [label, { min_score: minScore, threshold }])) };
}
