import { InvalidConfig } from "../../../agent/config/invalid-config.ts";
import { parseConfig } from "../../../agent/config/load.ts";

/** A configuration with the required keys only. More keys of the camera follow after four spaces. */
export const SMALLEST_CONFIG = `mqtt: {host: broker}
model: {path: /models/m.wasm}
cameras:
  door:
    ffmpeg: {inputs: [{path: "rtsp://10.0.0.7/stream2"}]}
`;

/** The mistakes in a configuration, one line each, without the file's name. */
export function configMistakes(text: string, env = {}): readonly string[] {
  try {
    parseConfig(text, "sabrewing.yml", env);
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    return error.problems.map(({ line, column, key, message }) => `${line}:${column} ${key}: ${message}`);
  }
  return [];
}
