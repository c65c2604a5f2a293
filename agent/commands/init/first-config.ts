import { decodedPart, replaceSecretValues, splitAddress } from "../../base/address.ts";
import { requireClearAddress } from "../../base/address-mistake.ts";
import { plainJson } from "../../base/plain-text.ts";
import { hasPlaceholder } from "../../config/environment.ts";
import { manualFile } from "../../program-folder.ts";
import { collectSecrets, type Secrets } from "./secrets.ts";

/** A camera of a first configuration. */
export interface FirstCamera {
  readonly name: string;
  /** rtsp:// or rtsps://, credentials included. */
  readonly address: string;
  /** The stream's own size; undefined if it was not tried. */
  readonly size?: { readonly width: number; readonly height: number };
}

/** All answers that `sabrewing init` needs. */
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
  readonly homeAssistant: boolean;
  /** Whether to publish a JPEG of each object. */
  readonly snapshots: boolean;
  /** The token of the live view; undefined: it is not enabled. */
  readonly viewToken: string | undefined;
  readonly cameras: readonly FirstCamera[];
}

/** The two files of a first configuration. */
export interface FirstFiles {
  readonly yaml: string;
  /** The text of `Secrets.file`. */
  readonly secrets: string;
}

/** Wider frames are scaled down: the detector's input has far fewer pixels. */
const WIDEST = 1280;

/** A commented configuration that `check` accepts, with passwords in a separate file. */
export function firstConfig(answers: FirstAnswers): FirstFiles {
  const { broker, model, homeAssistant, viewToken, cameras } = answers;
  const secrets = collectSecrets();
  const text = (value: string) => quoted(literal(value, secrets));
  const login = [
    ...(broker.user === undefined ? [] : [`  user: ${text(broker.user)}`]),
    ...(broker.password === undefined
      ? []
      : [`  password: ${quoted(secrets.keep("SABREWING_MQTT_PASSWORD", broker.password))}`]),
  ];
  const yaml = [
    `# Written by sabrewing init. ${manualFile()} describes every key and its default.`,
    "# Run sabrewing check after a change. Passwords are in secrets.env, in the same folder.",
    "",
    "# The MQTT broker that receives the events.",
    "mqtt:",
    `  host: ${text(broker.host)}`,
    ...(broker.port === undefined ? [] : [`  port: ${broker.port}`]),
    ...login,
    ...(broker.tls ? ["  tls: true"] : []),
    "",
    "# The detector module, written by sabrewing pull or sabrewing compile.",
    "model:",
    `  path: ${text(model)}`,
    "",
    "# true: announce the cameras to Home Assistant through the same broker.",
    "homeassistant:",
    `  enabled: ${homeAssistant}`,
    "",
    ...viewLines(viewToken, secrets),
    "",
    "cameras:",
    ...cameras.flatMap((camera) => cameraLines(camera, answers, secrets)),
    "",
  ].join("\n");
  return { yaml, secrets: secrets.file() };
}

function viewLines(token: string | undefined, secrets: Secrets): readonly string[] {
  const where =
    "# true: serve a page that shows the cameras live, on http://127.0.0.1:5080. It requires a token.";
  if (token === undefined) return [where, "view:", "  enabled: false"];
  return [
    where,
    "view:",
    "  enabled: true",
    `  token: ${quoted(secrets.keep("SABREWING_VIEW_TOKEN", token))}`,
  ];
}

function cameraLines(
  { name, address, size }: FirstCamera,
  { track, snapshots }: FirstAnswers,
  secrets: Secrets,
): readonly string[] {
  const scaled = size !== undefined && size.width > WIDEST ? even(size) : undefined;
  const shown = size === undefined ? "not tried yet" : `${size.width}×${size.height}`;
  return [
    `  ${name}:`,
    "    ffmpeg:",
    "      inputs:",
    `        # ${shown}. Prefer the camera's small substream.`,
    `        - path: ${quoted(withoutPassword(name, address, secrets))}`,
    "    detect:",
    ...(scaled === undefined
      ? []
      : [
          "      # Frames are scaled down to this size first.",
          `      width: ${scaled.width}`,
          `      height: ${scaled.height}`,
        ]),
    "      # Frames analysed per second.",
    "      fps: 5",
    "    objects:",
    "      # Labels to track; sabrewing inspect lists the labels of the model.",
    `      track: [${track.map((label) => quoted(literal(label, secrets))).join(", ")}]`,
    "    snapshots:",
    "      # true: publish a JPEG of each object. false: no image leaves this device.",
    `      enabled: ${snapshots}`,
  ];
}

function even({ width, height }: { readonly width: number; readonly height: number }) {
  return { width: WIDEST, height: 2 * Math.round((height * WIDEST) / width / 2) };
}

/**
 * Replaces passwords, and parameters that may be secret, in an address by placeholders. It also replaces a user without a
 * password, which may be a token. Values in the user part are percent-encoded when the file is read.
 * @throws UsageError if user, password and host are ambiguous.
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
  const literalPath = path.replaceAll("{", "%7B").replaceAll("}", "%7D");
  const shown = replaceSecretValues(literalPath, (value) => keep("PARAMETER", value));
  return `${scheme}://${login}${host}${port === undefined ? "" : `:${port}`}${shown}`;
}

/** A literal text. If it contains a placeholder, it moves to the environment, where placeholders are not expanded. */
function literal(value: string, secrets: Secrets): string {
  return hasPlaceholder(value) ? secrets.keep("SABREWING_TEXT", value) : value;
}

/** JSON strings are valid YAML 1.2. */
function quoted(value: string): string {
  return plainJson(value);
}
