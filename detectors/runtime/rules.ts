/**
 * Rules for values that come from outside. Each checks a value and adds its problems, with their paths. They do not use zod, as
 * the configuration's do: loading zod delays the first detection by a tenth of a second.
 */
import { isPlainText, plainText } from "../plain-text.ts";

export type Rule = (value: unknown, path: string, problems: string[]) => void;

export function rule(expected: string, holds: (value: unknown) => boolean): Rule {
  return (value, path, problems) => {
    if (!holds(value)) problems.push(`${path}: expected ${expected}, received ${excerpt(value)}`);
  };
}

/** Limit of a quoted key or value, in characters. */
export const MAX_EXCERPT = 60;

/** A shortened value for an error. JSON.stringify would overflow the stack on lists that are nested 100,000 deep. */
export function excerpt(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") {
    const quoted = plainText(JSON.stringify(value.slice(0, 2 * MAX_EXCERPT)), MAX_EXCERPT);
    return `${quoted} (${value.length} characters)`;
  }
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** An object with all keys of `required`, any of `optional` and no others. */
export function record(
  required: Readonly<Record<string, Rule>>,
  optional: Readonly<Record<string, Rule>> = {},
): Rule {
  return (value, path, problems) => {
    if (!isRecord(value)) {
      problems.push(`${path || "description"}: expected an object, received ${excerpt(value)}`);
      return;
    }
    const below = (key: string): string => (path === "" ? key : `${path}.${key}`);
    for (const [key, check] of Object.entries(required)) check(value[key], below(key), problems);
    for (const [key, check] of Object.entries(optional))
      if (Object.hasOwn(value, key)) check(value[key], below(key), problems);
    for (const key of Object.keys(value)) {
      if (Object.hasOwn(required, key) || Object.hasOwn(optional, key)) continue;
      problems.push(`${below(plainText(key, MAX_EXCERPT))}: unknown key`);
    }
  };
}

/** A list of `min` to `max` items. `items` names them in the error: `strings`. */
export function list(items: string, { min, max }: Record<"min" | "max", number>, each: Rule): Rule {
  const isSized = rule(
    `a list of ${min} to ${max} ${items}`,
    (value) => Array.isArray(value) && value.length >= min && value.length <= max,
  );
  return (value, path, problems) => {
    const before = problems.length;
    isSized(value, path, problems);
    if (!Array.isArray(value) || problems.length > before) return;
    for (const [index, item] of value.entries()) each(item, `${path}[${index}]`, problems);
  };
}

export const is = (expected: unknown): Rule => rule(JSON.stringify(expected), (value) => value === expected);

export const oneOf = (...words: readonly string[]): Rule =>
  rule(`one of ${words.join(", ")}`, (value) => words.some((word) => word === value));

const PLAIN = "without control, formatting or direction characters and without spaces at its ends";
/** Strings are shown on terminals, in logs and on the page, and are published over MQTT. */
export const text = (limit: number): Rule =>
  rule(`a string of 1 to ${limit} characters ${PLAIN}`, (value) => isPlainText(value, limit));

/** @param max Default: the largest that JavaScript represents exactly. */
export const integer = (min: number, max = Number.MAX_SAFE_INTEGER): Rule =>
  rule(
    max === Number.MAX_SAFE_INTEGER ? `an integer, ${min} or more` : `an integer from ${min} to ${max}`,
    (value) => Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max,
  );

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
