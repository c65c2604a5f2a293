import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The folder that holds package.json and config/, and models/ in the Debian package. It is one level up from here in the
 * sources, two in dist/.
 */
export function programFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const folder = ["..", "../.."]
    .map((up) => join(here, up))
    .find((path) => existsSync(join(path, "package.json")));
  if (folder === undefined) throw new Error(`expected package.json above ${here}`);
  return folder;
}

/** The path of the manual of the configuration, in the package or in the sources. */
export function manualFile(): string {
  return join(programFolder(), "config/sabrewing.yml");
}
