import { UsageError } from "../../base/errors.ts";

/** The values of a first configuration that stand in a file of variables, not in the YAML. */
export interface Secrets {
  /**
   * Keeps a value apart from the configuration.
   * @param name of its variable; another one is taken where it has another value already.
   * @returns what stands for it in the configuration: `{NAME}`, or several in a row.
   * @throws UsageError for a value with control characters, which no file of variables can hold.
   */
  keep(name: string, value: string): string;
  /** `NAME='value'`, a line each: systemd's EnvironmentFile reads it, and so does loadConfig. */
  file(): string;
}

/** Starts without any value. */
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
          `${name}: a value with line breaks or other control characters cannot be kept in a file of variables`,
          "Choose another password.",
        );
      }
      const key = `${name}=${value}`;
      const placeholders =
        kept.get(key) ??
        pieces(value)
          .map((piece) => variable(name, piece))
          .join("");
      kept.set(key, placeholders);
      return placeholders;
    },
    file: () => [...variables].map(([name, value]) => `${name}=${quoted(value)}\n`).join(""),
  };
}

/**
 * A value in pieces that can be quoted in the same way for systemd and for Node: in single quotes nothing is special, but a
 * single quote ends them; in double quotes a single quote is none, but \ " $ ` mean different things to the two.
 */
function pieces(value: string): readonly string[] {
  if (!value.includes("'") || !/["\\$`]/.test(value)) return [value];
  return value.match(/'+|[^']+/g) ?? [];
}

function quoted(value: string): string {
  return value.includes("'") ? `"${value}"` : `'${value}'`;
}
