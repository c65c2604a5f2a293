import { stringify } from "yaml";
import type { Runtime } from "../../detectors/detector.ts";
import type { BrokerAddress } from "./broker.ts";

/** The name of the demo's only camera. */
export const CAMERA = "demo";

/** The settings of the demo's agent. */
export interface AgentSettings {
  readonly broker: BrokerAddress;
  readonly prefix: string;
  readonly modulePath: string;
  /** Folder for state that survives a restart. Default: a temporary folder. */
  readonly stateDirectory?: string;
  readonly cameraUrl: string;
  readonly labels: readonly string[];
  /** Whether it publishes a snapshot of each object. */
  readonly snapshots: boolean;
  /** Seconds between two statistics messages. */
  readonly statsIntervalSeconds: number;
  /** The engine for the module and the deadline of a frame. Default: the agent's. */
  readonly detector?: { readonly runtime: Runtime | undefined; readonly deadlineMs: number };
  /** Opens the live view on a free port. Default: no live view. */
  readonly view?: { readonly token: string };
}

/** The environment variable with the broker's password, which is not written to the configuration file. */
export const PASSWORD_VARIABLE = "SABREWING_MQTT_PASSWORD";

/** The text of the agent's configuration file (YAML). */
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
        objects: { track: settings.labels },
        snapshots: { enabled: settings.snapshots },
      },
    },
  });
}

function detectorOf({ runtime, deadlineMs }: NonNullable<AgentSettings["detector"]>): object {
  return { ...(runtime === undefined ? {} : { runtime }), deadline_ms: deadlineMs };
}
