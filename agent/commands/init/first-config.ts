import { plainJson } from "../../base/plain-text.ts";
import { decodedPart, requireClearAddress, splitAddress } from "../../camera/address.ts";
import { hasPlaceholder } from "../../config/environment.ts";
import { collectSecrets, type Secrets } from "./secrets.ts";

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
  /** As `Secrets.file` has it. */
  readonly secrets: string;
}

/** Pictures wider than this are scaled down: the detector looks at far fewer pixels. */
const WIDEST = 1280;

/** A commented configuration that `check` accepts, passwords apart from it. */
export function firstConfig(answers: FirstAnswers): FirstFiles {
  const { broker, model, homeAssistant, cameras } = answers;
  const secrets = collectSecrets();
  const text = (value: string) => quoted(literal(value, secrets));
  const login = [
    ...(broker.user === undefined ? [] : [`  user: ${text(broker.user)}`]),
    ...(broker.password === undefined
      ? []
      : [`  password: ${quoted(secrets.keep("SABREWING_MQTT_PASSWORD", broker.password))}`]),
  ];
  const yaml = [
    "# Written by sabrewing init. Every other key, its default and why one would change it: the sabrewing.yml that comes",
    "# with sabrewing (config/sabrewing.yml). After a change: sabrewing check. Passwords are in secrets.env, beside this.",
    "",
    "# The broker that events go to.",
    "mqtt:",
    `  host: ${text(broker.host)}`,
    ...(broker.port === undefined ? [] : [`  port: ${broker.port}`]),
    ...login,
    ...(broker.tls ? ["  tls: true"] : []),
    "",
    "# The detector: what sabrewing pull or sabrewing compile wrote.",
    "model:",
    `  path: ${text(model)}`,
    "",
    "# true: Home Assistant finds the cameras by itself, through the same broker.",
    "homeassistant:",
    `  enabled: ${homeAssistant}`,
    "",
    "cameras:",
    ...cameras.flatMap((camera) => cameraLines(camera, answers, secrets)),
    "",
  ].join("\n");
  return { yaml, secrets: secrets.file() };
}

function cameraLines(
  { name, address, size }: FirstCamera,
  { track, filters }: FirstAnswers,
  secrets: Secrets,
): readonly string[] {
  const scaled = size !== undefined && size.width > WIDEST ? even(size) : undefined;
  const shown = size === undefined ? "not tried yet" : `${size.width}×${size.height}`;
  return [
    `  ${name}:`,
    "    ffmpeg:",
    "      inputs:",
    `        # ${shown}. Best the camera's small substream.`,
    `        - path: ${quoted(withoutPassword(name, address, secrets))}`,
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
    `      track: [${track.map((label) => quoted(literal(label, secrets))).join(", ")}]`,
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

/** A password among the parameters of an address: some cameras have it there. */
const SECRET_PARAMETER = /((?:pass(?:wor[dt]|wd)?|pwd|token|auth|secret)=)([^&;#]+)/gi;

/**
 * The address with placeholders instead of passwords, and of a user without a password, which may be a token. What comes
 * from the environment into the user part is percent-encoded when it is read.
 * @throws UsageError where user, password and host cannot be told apart.
 */
function withoutPassword(camera: string, address: string, secrets: Secrets): string {
  const parts = splitAddress(requireClearAddress(address));
  if (parts === undefined) return address;
  const { scheme, user, password, host, port, path } = parts;
  const prefix = camera.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_");
  const variable = /^[A-Z]/.test(prefix) ? prefix : `CAMERA_${prefix}`;
  const keep = (what: string, value: string) => secrets.keep(`${variable}_${what}`, value);
  const login =
    user === undefined
      ? ""
      : password === undefined
        ? `${keep("USER", decodedPart(user))}@`
        : `${encodeURIComponent(decodedPart(user))}:${keep("PASSWORD", decodedPart(password))}@`;
  const shown = path
    .replaceAll("{", "%7B")
    .replaceAll("}", "%7D")
    .replace(SECRET_PARAMETER, (_, name: string, value: string) => `${name}${keep("PASSWORD", value)}`);
  return `${scheme}://${login}${host}${port === undefined ? "" : `:${port}`}${shown}`;
}

/** A text that is meant as it is: one with a placeholder in it comes from the environment itself, where nothing is filled in. */
function literal(value: string, secrets: Secrets): string {
  return hasPlaceholder(value) ? secrets.keep("SABREWING_TEXT", value) : value;
}

/** YAML 1.2 takes JSON's strings as they are. */
function quoted(value: string): string {
  return plainJson(value);
}
