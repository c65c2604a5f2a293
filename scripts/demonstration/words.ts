import { findKnownModel, type ModelInfo } from "../../detectors/detector.ts";
import type { AgentSettings } from "./agent-config.ts";
import type { Summary } from "./summary.ts";

/** What of a run the agent's settings do not tell. */
export interface Scene {
  readonly clip: string;
  /** Of the model. */
  readonly licence: string;
  /** The broker is part of this process. */
  readonly embedded: boolean;
  /** Undefined: until Ctrl-C. */
  readonly forSeconds: number | undefined;
}

/** Says what is running and where to look at it. */
export function openingWords(
  settings: AgentSettings,
  { clip, licence, embedded, forSeconds }: Scene,
): string {
  const { broker, cameraUrl, modulePath, prefix } = settings;
  const until = forSeconds === undefined ? "until Ctrl-C" : `for ${forSeconds} s`;
  const lookIn = `mosquitto_sub -h ${broker.host} -p ${broker.port} -t '${prefix}/#' -v`;
  return [
    `camera  ${cameraUrl}, playing ${clip}`,
    `model   ${modulePath}, licence ${licence}`,
    `broker  ${broker.host}:${broker.port}${embedded ? ", in this process" : ""}; to look in: ${lookIn}`,
    `Events as the broker delivers them, ${until}:`,
  ].join("\n");
}

/** Says what came of it and how to go on with one's own camera and this model. */
export function closingWords(summary: Summary, modulePath: string, { name, input }: ModelInfo): string {
  const events = Object.entries(summary.events);
  const counted = events.map(([label, count]) => `${count} × ${label}`).join(", ");
  if (events.length === 0) {
    return `No event came; the detector looked at ${summary.frames} frames. Was somebody in view? Longer: --seconds 60. Another clip: --clip FILE`;
  }
  const known = findKnownModel(name);
  const isKnown = known !== undefined;
  const filters = known?.filters && personFilter(known.filters);
  const pull = `  npx sabrewing pull ${name} -o ${name}.wasm --size ${input.width}x${input.height}\n`;
  return `
New objects: ${counted}; the detector looked at ${summary.frames} frames.

With your own camera and broker, in sabrewing.yml (config/sabrewing.yml explains every key):

  mqtt: {host: BROKER, user: USER, password: "{SABREWING_MQTT_PASSWORD}"}
  model: {path: ${isKnown ? `${name}.wasm` : modulePath}}
  cameras:
    door:
      ffmpeg: {inputs: [{path: "rtsp://USER:{DOOR_PASSWORD}@CAMERA/stream2"}]}
      objects: {track: [person, car, dog]${filters === undefined ? "" : `, filters: ${filters}`}}

${isKnown ? pull : ""}  npx sabrewing check -c sabrewing.yml && npx sabrewing run -c sabrewing.yml`;
}

function personFilter({ minScore, threshold }: { minScore: number; threshold: number }): string {
  return `{person: {min_score: ${minScore}, threshold: ${threshold}}}`;
}
