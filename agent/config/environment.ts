export type Environment = Readonly<Record<string, string | undefined>>;

/** `{NAME}`: capitals, digits and _ only, so that other braces stay unchanged. */
const PLACEHOLDER = /\{([A-Z][A-Z0-9_]*)\}/g;

/** A placeholder whose variable is not set, or is empty. */
export interface MissingValue {
  /** Keys from the root to the value. */
  readonly path: readonly PropertyKey[];
  readonly name: string;
  readonly isEmpty: boolean;
}

/** Whether a text contains a placeholder. */
export function hasPlaceholder(text: string): boolean {
  return text.search(PLACEHOLDER) >= 0;
}

/**
 * Copies a parsed YAML value and replaces every `{NAME}` inside a string by that environment variable.
 *
 * Inside the user part of an address the value is percent-encoded, so that a password may contain `@`, `/` or `#`.
 * Placeholders inside a variable's value are not expanded. Keys stay unchanged. Variables that are unset or empty are
 * reported; the placeholder of an unset one stays.
 */
export function fillFromEnvironment(
  value: unknown,
  env: Environment,
  report: (missing: MissingValue) => void,
  path: readonly PropertyKey[] = [],
): unknown {
  if (typeof value === "string") {
    const userPartEnd = endOfUserPart(value);
    return value.replace(PLACEHOLDER, (placeholder, name: string, offset: number) => {
      const replacement = env[name];
      if (!replacement) report({ path, name, isEmpty: replacement === "" });
      if (replacement === undefined) return placeholder;
      return offset < userPartEnd ? encodeURIComponent(replacement) : replacement;
    });
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => fillFromEnvironment(item, env, report, [...path, index]));
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        fillFromEnvironment(item, env, report, [...path, key]),
      ]),
    );
  }
  return value;
}

/** The index at which the `user:password` of an address ends; 0 for other texts. */
function endOfUserPart(text: string): number {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/\s]*@/i.exec(text)?.[0].length ?? 0;
}
