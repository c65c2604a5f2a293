import { dirname, join } from "node:path";
import { shortReason } from "../base/error-code.ts";
import type { Environment } from "./environment.ts";
import { readEnvironmentFile } from "./environment-file.ts";
import { readBytes } from "./read-text.ts";
import { decodeText } from "./text-encoding.ts";

/** The file of environment variables that `init` writes and systemd passes to the service (EnvironmentFile). */
export const SECRETS_FILE = "secrets.env";

/** The variables in that file. */
export interface SecretsFile {
  readonly variables: Environment;
  /** Why the file does not set a variable, and the remedy; undefined: the reason is unknown. */
  readonly whyUnset: (name: string) => string | undefined;
}

export const NO_SECRETS_FILE: SecretsFile = { variables: {}, whyUnset: () => undefined };

/** Reads that file, so that `check` on the command line has the service's variables. The environment overrides it. */
export function readSecretsFile(configFile: string): SecretsFile {
  const file = join(dirname(configFile), SECRETS_FILE);
  try {
    const bytes = readBytes(file);
    const decoded = decodeText(bytes);
    if ("problem" in decoded) {
      const { line, column, message } = decoded.problem;
      return { variables: {}, whyUnset: () => `${file}:${line}:${column}: ${message}` };
    }
    const { variables, ignored } = readEnvironmentFile(bytes.toString("utf8"));
    return {
      variables,
      whyUnset(name) {
        const found = ignored.find((assignment) => assignment.name === name);
        return found && `${file}:${found.line} sets it, but systemd ignores that line: ${found.reason}`;
      },
    };
  } catch (error) {
    // The service's user cannot read the file either; there, systemd sets the variables.
    const code = shortReason(error);
    const why = code === "ENOENT" ? undefined : `${file} cannot be read (${code})`;
    return { variables: {}, whyUnset: () => why };
  }
}
