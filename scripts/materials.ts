import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SHARED = fileURLToPath(new URL("../../shared", import.meta.url));

/** Where Sabrewing's scripts keep what they downloaded and compiled: $SABREWING_HOME, else ~/.cache/sabrewing. */
export function sabrewingHome(): string {
  const home = process.env.SABREWING_HOME;
  return home === undefined || home === "" ? join(homedir(), ".cache", "sabrewing") : home;
}

/** Path of a model file (`yolov5n.pt`): $SABREWING_HOME, its models/, then ../shared/models; undefined where it is in none. */
export function findModel(name: string): string | undefined {
  return find("models", name);
}

/** Path of a clip or picture (`person.mp4`, `images/bus.jpg`): $SABREWING_HOME, its media/, then ../shared/media. */
export function findMedia(name: string): string | undefined {
  return find("media", name);
}

function find(kind: "models" | "media", name: string): string | undefined {
  const home = sabrewingHome();
  return [join(home, name), join(home, kind, name), join(SHARED, kind, name)].find((path) =>
    existsSync(path),
  );
}
