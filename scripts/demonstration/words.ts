import type { AgentSettings } from "./agent-config.ts";
import type { Summary } from "./summary.ts";

/** What of a run the agent's settings do not tell. */
export interface Scene {
  readonly clip: string;
  /** The broker is part of this process. */
  readonly embedded: boolean;
  /** Undefined: until Ctrl-C. */
  readonly forSeconds: number | undefined;
}

/** Says what is running and where to look at it. */
export function openingWords(settings: AgentSettings, { clip, embedded, forSeconds }: Scene): string {
  const { broker, cameraUrl, modulePath, prefix } = settings;
  const until = forSeconds === undefined ? "until Ctrl-C" : `for ${forSeconds} s`;
  const lookIn = `mosquitto_sub -h ${broker.host} -p ${broker.port} -t '${prefix}/#' -v`;
  return [
    `camera  ${cameraUrl}, playing ${clip}`,
    `model   ${modulePath}`,
    `broker  ${broker.host}:${broker.port}${embedded ? ", in this process" : ""}; to look in: ${lookIn}`,
    `Events as the broker delivers them, ${until}:`,
  ].join("\n");
}

/** Says what came of it and how to go on with one's own camera. */
export function closingWords(summary: Summary): string {
  const events = Object.entries(summary.events);
  const counted = events.map(([label, count]) => `${count} × ${label}`).join(", ");
  if (events.length === 0) {
    return `No event came; the detector looked at ${summary.frames} frames. Was somebody in view? Longer: --seconds 60. Another clip: --clip FILE`;
  }
  return `
New objects: ${counted}; the detector looked at ${summary.frames} frames.

With your own camera and broker, in sabrewing.yml (config/sabrewing.yml explains every key):

  mqtt: {host: BROKER, user: USER, password: "{SABREWING_MQTT_PASSWORD}"}
  model: {path: yolov5n.wasm}
  cameras:
    door:
      ffmpeg: {inputs: [{path: "rtsp://USER:{DOOR_PASSWORD}@CAMERA/stream2"}]}
      objects: {track: [person, car, dog]}

  npx sabrewing compile yolov5n.pt -o yolov5n.wasm --size 640x384
  npx sabrewing check -c sabrewing.yml && npx sabrewing run -c sabrewing.yml`;
}
