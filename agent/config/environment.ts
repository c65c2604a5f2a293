import type { Problem } from "./problems.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** `{NAME}`: capitals, digits and _, so that braces in ordinary text stay what they are. */
const PLACEHOLDER = /\{([A-Z][A-Z0-9_]*)\}/g;

/** Whether a text would be filled from the environment. */
export function hasPlaceholder(text: string): boolean {
  return text.search(PLACEHOLDER) >= 0;
}

/**
 * A copy of a parsed YAML value in which every `{NAME}` inside a string is replaced by that environment variable.
 *
 * Inside the user part of an address the value is percent-encoded, so that a password may hold `@`, `/` or `#`.
 * What a variable holds is not searched for placeholders again. Keys are left alone. A variable that is not set becomes a
 * problem, and its placeholder stays.
 */
export function fillFromEnvironment(
  value: unknown,
  env: Environment,
  report: (problem: Problem) => void,
  path: readonly PropertyKey[] = [],
): unknown {
  if (typeof value === "string") {
    const userPartEnd = endOfUserPart(value);
    return value.replace(PLACEHOLDER, (placeholder, name: string, offset: number) => {
      const replacement = env[name];
      if (replacement === undefined) {
        report({ path, message: `the environment variable ${name} is not set` });
        return placeholder;
      }
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

/** Where the `user:password` of an address ends; 0 where a text has none. */
function endOfUserPart(text: string): number {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/\s]*@/i.exec(text)?.[0].length ?? 0;
}
