import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sabrewingHome } from "../detectors/catalog/locate-model.ts";

const SHARED = fileURLToPath(new URL("../../shared", import.meta.url));

/** Path of a model file (`yolov5n.pt`): $SABREWING_HOME, its models/, then ../shared/models; undefined where it is in none. */
export function findModel(name: string): string | undefined {
  return find("models", name);
}

/** Path of a clip or picture (`person.mp4`, `images/bus.jpg`): $SABREWING_HOME, its media/, then ../shared/media. */
export function findMedia(name: string): string | undefined {
  return find("media", name);
}

function find(kind: "models" | "media", name: string): string | undefined {
  const home = sabrewingHome(process.env);
  return [join(home, name), join(home, kind, name), join(SHARED, kind, name)].find((path) =>
    existsSync(path),
  );
}
