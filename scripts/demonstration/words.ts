import { findKnownModel, type ModelInfo } from "../../detectors/detector.ts";
import type { AgentSettings } from "./agent-config.ts";
import type { Summary } from "./summary.ts";

/** The parts of a run that are not in the agent's settings. */
export interface Scene {
  readonly clip: string;
  /** Licence of the model. */
  readonly licence: string;
  /** The broker runs in this process. */
  readonly embedded: boolean;
  /** Undefined: until Ctrl-C. */
  readonly forSeconds: number | undefined;
}

/** Describes what runs and how to subscribe to it. */
export function openingWords(
  settings: AgentSettings,
  { clip, licence, embedded, forSeconds }: Scene,
): string {
  const { broker, cameraUrl, modulePath, prefix } = settings;
  const until = forSeconds === undefined ? "until Ctrl-C" : `for ${forSeconds} s`;
  const subscribe = `mosquitto_sub -h ${broker.host} -p ${broker.port} -t '${prefix}/#' -v`;
  return [
    `camera  ${cameraUrl}, playing ${clip}`,
    `model   ${modulePath}, licence ${licence}`,
    `broker  ${broker.host}:${broker.port}${embedded ? ", in this process" : ""}; to subscribe: ${subscribe}`,
    `Events as the broker delivers them, ${until}:`,
  ].join("\n");
}

/** Summarises the run and says how to use this model with one's own camera. */
export function closingWords(summary: Summary, modulePath: string, { name, input }: ModelInfo): string {
  const events = Object.entries(summary.events);
  const counted = events.map(([label, count]) => `${count} × ${label}`).join(", ");
  if (events.length === 0) {
    return `No event arrived; the detector ran ${summary.frames} times. To run longer: --seconds 60. To play another clip: --clip FILE`;
  }
  const isKnown = findKnownModel(name) !== undefined;
  const pull = `  npx sabrewing pull ${name} -o ${name}.wasm --size ${input.width}x${input.height}\n`;
  return `
New objects: ${counted}; the detector ran ${summary.frames} times.

For your own camera and broker, write to sabrewing.yml (config/sabrewing.yml explains every key):

  mqtt: {host: BROKER, user: USER, password: "{SABREWING_MQTT_PASSWORD}"}
  model: {path: ${isKnown ? `${name}.wasm` : modulePath}}
  cameras:
    door:
      ffmpeg: {inputs: [{path: "rtsp://USER:{DOOR_PASSWORD}@CAMERA/stream2"}]}
      objects: {track: [person, car, dog]}

${isKnown ? pull : ""}  npx sabrewing check -c sabrewing.yml && npx sabrewing run -c sabrewing.yml`;
}
