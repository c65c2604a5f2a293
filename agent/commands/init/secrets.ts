import { UsageError } from "../../base/errors.ts";

/** The values of a first configuration that go to a file of environment variables instead of the YAML. */
export interface Secrets {
  /**
   * Stores a value outside the configuration.
   * @param name of its variable; gets a number if the name is taken by another value.
   * @returns the placeholder for the configuration: `{NAME}`.
   * @throws UsageError for a value with control characters, which the file cannot hold.
   */
  keep(name: string, value: string): string;
  /** Lines `NAME='value'`, for systemd's EnvironmentFile and for loadConfig. */
  file(): string;
}

/** Starts empty. */
export function collectSecrets(): Secrets {
  const variables = new Map<string, string>();
  const kept = new Map<string, string>();

  function variable(name: string, value: string): string {
    let own = name;
    for (let number = 2; variables.has(own); number++) own = `${name}_${number}`;
    variables.set(own, value);
    return `{${own}}`;
  }

  return {
    keep(name, value) {
      if (/\p{Cc}|\p{Cs}/u.test(value)) {
        throw new UsageError(
          `${name}: the value must not contain line breaks or other control characters`,
          "Choose another password.",
        );
      }
      const key = `${name}=${value}`;
      const placeholder = kept.get(key) ?? variable(name, value);
      kept.set(key, placeholder);
      return placeholder;
    },
    file: () => [...variables].map(([name, value]) => `${name}=${quoted(value)}\n`).join(""),
  };
}

/** In single quotes every character is literal, but a single quote ends them (systemd.exec(5), EnvironmentFile). */
function quoted(value: string): string {
  return value.includes("'") ? `"${value.replace(/["\\`$]/g, "\\$&")}"` : `'${value}'`;
}
