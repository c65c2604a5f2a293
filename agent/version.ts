import { readFileSync } from "node:fs";
import { join } from "node:path";
import { programFolder } from "./program-folder.ts";

/** The version in the program's package.json. */
export function readVersion(): string {
  const { version } = JSON.parse(readFileSync(join(programFolder(), "package.json"), "utf8")) as {
    version: string;
  };
  return version;
}
