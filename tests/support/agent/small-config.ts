import { parseConfig } from "../../../agent/config/load.ts";
import type { AgentConfig, CameraConfig } from "../../../agent/config/schema.ts";

/** A configuration with one camera `door`. @param camera lines of YAML for the camera */
export function configOfDoor(camera = ""): AgentConfig {
  const lines = camera.split("\n").map((line) => `    ${line}`);
  const text = [
    "mqtt: {host: broker}",
    "model: {path: m.wasm}",
    "cameras:",
    "  door:",
    '    ffmpeg: {inputs: [{path: "rtsp://camera/stream"}]}',
    ...lines,
  ].join("\n");
  return parseConfig(text, "sabrewing.yml", {});
}

/** The camera `door`. */
export function door(camera = ""): CameraConfig {
  const [only] = configOfDoor(camera).cameras;
  if (only === undefined) throw new Error("expected a camera, received none");
  return only;
}
