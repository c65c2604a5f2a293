import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The version in the package.json above this file: one folder up in the source, two in dist/. */
export function readVersion(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const file = ["..", "../.."].map((up) => join(here, up, "package.json")).find((path) => existsSync(path));
  if (file === undefined) throw new Error(`expected package.json above ${here}`);
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
  return version;
}
