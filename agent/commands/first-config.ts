import { UsageError } from "../base/errors.ts";

/** A camera of the configuration to be written. */
export interface FirstCamera {
  readonly name: string;
  /** rtsp:// or rtsps://, credentials included. */
  readonly address: string;
  /** The stream's own size; undefined where it was not tried. */
  readonly size?: { readonly width: number; readonly height: number };
}

type Filters = { readonly minScore: number; readonly threshold: number };

/** Everything `sabrewing init` has to know. */
export interface FirstAnswers {
  readonly broker: {
    readonly host: string;
    readonly port?: number | undefined;
    readonly tls: boolean;
    readonly user?: string | undefined;
    readonly password?: string | undefined;
  };
  readonly model: string;
  readonly track: readonly string[];
  /** Which boxes count, for each of the labels; undefined: as the agent has it by default. */
  readonly filters?: Filters | undefined;
  readonly homeAssistant: boolean;
  readonly cameras: readonly FirstCamera[];
}

/** The two files of a first configuration. */
export interface FirstFiles {
  readonly yaml: string;
  /** `NAME='value'`, a line each: systemd's EnvironmentFile reads it, and so does loadConfig. */
  readonly secrets: string;
}

/** Pictures wider than this are scaled down: the detector looks at far fewer pixels. */
const WIDEST = 1280;

/** A commented configuration that `check` accepts, passwords apart from it. */
export function firstConfig(answers: FirstAnswers): FirstFiles {
  const { broker, model, homeAssistant, cameras } = answers;
  const secrets = new Map<string, string>();
  const secret = (name: string, value: string): string => {
    // front-door and front_door want the same variable.
    const isTaken = secrets.has(name) && secrets.get(name) !== value;
    const own = isTaken ? `${name}_${secrets.size}` : name;
    secrets.set(own, value);
    return `{${own}}`;
  };
  const login = [
    ...(broker.user === undefined ? [] : [`  user: ${quoted(broker.user)}`]),
    ...(broker.password === undefined
      ? []
      : [`  password: ${quoted(secret("SABREWING_MQTT_PASSWORD", broker.password))}`]),
  ];
  const yaml = [
    "# Written by sabrewing init. Every other key, its default and why one would change it: the sabrewing.yml that comes",
    "# with sabrewing (config/sabrewing.yml). After a change: sabrewing check. Passwords are in secrets.env, beside this.",
    "",
    "# The broker that events go to.",
    "mqtt:",
    `  host: ${quoted(broker.host)}`,
    ...(broker.port === undefined ? [] : [`  port: ${broker.port}`]),
    ...login,
    ...(broker.tls ? ["  tls: true"] : []),
    "",
    "# The detector: what sabrewing pull or sabrewing compile wrote.",
    "model:",
    `  path: ${quoted(model)}`,
    "",
    "# true: Home Assistant finds the cameras by itself, through the same broker.",
    "homeassistant:",
    `  enabled: ${homeAssistant}`,
    "",
    "cameras:",
    ...cameras.flatMap((camera) => cameraLines(camera, answers, secret)),
    "",
  ].join("\n");
  const lines = [...secrets].map(([name, value]) => `${name}=${shellQuoted(name, value)}\n`);
  return { yaml, secrets: lines.join("") };
}

function cameraLines(
  { name, address, size }: FirstCamera,
  { track, filters }: FirstAnswers,
  secret: (name: string, value: string) => string,
): readonly string[] {
  const scaled = size !== undefined && size.width > WIDEST ? even(size) : undefined;
  const shown = size === undefined ? "not tried yet" : `${size.width}×${size.height}`;
  return [
    `  ${name}:`,
    "    ffmpeg:",
    "      inputs:",
    `        # ${shown}. Best the camera's small substream.`,
    `        - path: ${quoted(withoutPassword(name, address, secret))}`,
    "    detect:",
    ...(scaled === undefined
      ? []
      : [
          "      # Scaled down before anything else.",
          `      width: ${scaled.width}`,
          `      height: ${scaled.height}`,
        ]),
    "      # Frames looked at per second.",
    "      fps: 5",
    "    objects:",
    "      # What to tell of; sabrewing inspect lists what the model knows.",
    `      track: [${track.map(quoted).join(", ")}]`,
    ...(filters === undefined ? [] : filterLines(track, filters)),
    "    snapshots:",
    "      # true: a JPEG of each object goes to the broker. false: no picture leaves this device.",
    "      enabled: false",
  ];
}

function filterLines(track: readonly string[], { minScore, threshold }: Filters): readonly string[] {
  return [
    "      # This model's scores are lower than those the defaults expect.",
    "      filters:",
    ...track.map((label) => `        ${quoted(label)}: { min_score: ${minScore}, threshold: ${threshold} }`),
  ];
}

function even({ width, height }: { readonly width: number; readonly height: number }) {
  return { width: WIDEST, height: 2 * Math.round((height * WIDEST) / width / 2) };
}

/** The address with a placeholder instead of its password. The environment's value is percent-encoded when it is read. */
function withoutPassword(
  camera: string,
  address: string,
  secret: (name: string, value: string) => string,
): string {
  return address.replace(/^([a-z]+:\/\/[^/@:]*):([^/]*)@/i, (_, before: string, password: string) => {
    const name = `${camera.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}_PASSWORD`;
    const variable = /^[A-Z]/.test(name) ? name : `CAMERA_${name}`;
    return `${before}:${secret(variable, decoded(password))}@`;
  });
}

function decoded(password: string): string {
  try {
    return decodeURIComponent(password);
  } catch {
    return password;
  }
}

/** YAML 1.2 takes JSON's strings as they are. */
function quoted(value: string): string {
  return JSON.stringify(value);
}

/** As systemd.exec(5) and Node read it alike: nothing is special between single quotes. */
function shellQuoted(name: string, value: string): string {
  if (!/['\r\n]/.test(value)) return `'${value}'`;
  if (!/["\\$`\r\n]/.test(value)) return `"${value}"`;
  throw new UsageError(
    `${name}: a password with ' and one of " \\ $ \` or line breaks cannot be kept in a file of variables`,
  );
}
