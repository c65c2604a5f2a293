import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { ConfigError } from "../../base/errors.ts";
import type { FirstFiles } from "./first-config.ts";

/** Where `init` writes. */
export interface Target {
  readonly output: string;
  /** Beside it. */
  readonly secretsFile: string;
  /** Whether an existing file may be overwritten. */
  readonly mayReplace: (file: string) => boolean;
}

/** @throws ConfigError if a file exists that may not be overwritten */
export function requireFree({ output, secretsFile, mayReplace }: Target): void {
  const there = [output, secretsFile].find((file) => existsSync(file) && !mayReplace(file));
  if (there === undefined) return;
  throw new ConfigError(
    `${there} already exists`,
    there === secretsFile
      ? "Choose another folder with --output, or overwrite both files with --force."
      : "Choose another file with --output, or overwrite it with --force.",
  );
}

/**
 * Writes both files synchronously, so that Ctrl-C cannot leave only one of them.
 * @returns the file of secrets, if there are any
 */
export function writeFiles(
  { yaml, secrets }: FirstFiles,
  { output, secretsFile, mayReplace }: Target,
): string | undefined {
  mkdirSync(dirname(output), { recursive: true });
  const write = (file: string, text: string, mode: number) =>
    writeAnew(file, text, { mode, replace: mayReplace(file) });
  // The service's user is in the folder's group. It gets the passwords from systemd.
  write(output, yaml, 0o640);
  if (secrets === "") return undefined;
  write(secretsFile, secrets, 0o600);
  return secretsFile;
}

/** Creates the file with its final permissions, before the first byte is written. */
function writeAnew(
  file: string,
  text: string,
  { mode, replace }: { readonly mode: number; readonly replace: boolean },
): void {
  // An existing file may have wider permissions: remove it first.
  if (replace) rmSync(file, { force: true });
  writeFileSync(file, text, { mode, flag: "wx" });
}
