import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The folder with package.json and config/, and in the Debian package models/ too: one up from here in the source, two in
 * dist/.
 */
export function programFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const folder = ["..", "../.."]
    .map((up) => join(here, up))
    .find((path) => existsSync(join(path, "package.json")));
  if (folder === undefined) throw new Error(`expected package.json above ${here}`);
  return folder;
}
