import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sabrewingHome } from "../detectors/catalog/locate-model.ts";

const SHARED = fileURLToPath(new URL("../../shared", import.meta.url));

/** Finds a model file (`yolov5n.pt`) in $SABREWING_HOME, its models/, or ../shared/models. */
export function findModel(name: string): string | undefined {
  return find("models", name);
}

/** Finds a clip or image (`person.mp4`, `images/bus.jpg`) in $SABREWING_HOME, its media/, or ../shared/media. */
export function findMedia(name: string): string | undefined {
  return find("media", name);
}

/** Finds the folder of small models with LiteRT's answers, in $SABREWING_HOME or beside the project. */
export function findZoo(): string | undefined {
  return [join(sabrewingHome(process.env), "zoo"), join(SHARED, "zoo")].find((path) => existsSync(path));
}

function find(kind: "models" | "media", name: string): string | undefined {
  const home = sabrewingHome(process.env);
  return [join(home, name), join(home, kind, name), join(SHARED, kind, name)].find((path) =>
    existsSync(path),
  );
}
