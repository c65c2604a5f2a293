import type { BrokerAddress } from "./broker.ts";
import type { Summary } from "./summary.ts";

/** What a run of the demo consists of, for the opening words. */
export interface Scene {
  readonly clip: string;
  readonly cameraUrl: string;
  readonly broker: BrokerAddress;
  readonly embedded: boolean;
  readonly prefix: string;
  readonly modulePath: string;
  /** Undefined: until Ctrl-C. */
  readonly forSeconds: number | undefined;
}

/** Says what is running and where to look at it. */
export function openingWords(scene: Scene): string {
  const { host, port } = scene.broker;
  const until = scene.forSeconds === undefined ? "until Ctrl-C" : `for ${scene.forSeconds} s`;
  return [
    `camera  ${scene.cameraUrl}, playing ${scene.clip}`,
    `model   ${scene.modulePath}`,
    `broker  ${host}:${port}${scene.embedded ? " (in this process)" : ""}; to look in: mosquitto_sub -h ${host} -p ${port} -t '${scene.prefix}/#' -v`,
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
