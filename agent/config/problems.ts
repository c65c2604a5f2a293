import type { z } from "zod";
import { withoutLogin } from "../base/address.ts";
import { suggest } from "./suggest.ts";

/** One mistake in a configuration, before its place in the file is known. */
export interface Problem {
  /** Keys from the root to the value. */
  readonly path: readonly PropertyKey[];
  /** What is wrong with it; a value it quotes has no login in it. */
  readonly message: string;
  /** Whether `path` names the key that must not be there, rather than a value. */
  readonly isKey?: boolean;
}

/** The parts of a JSON schema that lead from a key to those below it. */
interface SchemaNode {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly additionalProperties?: unknown;
  readonly prefixItems?: readonly unknown[];
}

/** Keys of Frigate that a user may bring along, and what to say about them. */
const FRIGATE_KEYS: Readonly<Record<string, string>> = {
  record: "sabrewing records nothing: pictures stay in the camera",
  roles: "an input is always the detect stream here",
  detectors: "there is one detector here: detector, with runtime and instances",
};

/**
 * What to expect instead of a value, in words. Handed to zod at parse time, so that every issue's message is such a
 * phrase, the schema's own messages included.
 */
export function describeExpected(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return EXPECTED_TYPES[issue.expected] ?? issue.expected;
    case "invalid_value":
      return `one of ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
    case "too_small":
      return issue.origin === "string"
        ? "a text that is not empty"
        : `at least ${issue.minimum}${unit(issue.origin)}`;
    case "too_big":
      return `at most ${issue.maximum}${unit(issue.origin)}`;
    default:
      return "something else";
  }
}

const EXPECTED_TYPES: Readonly<Record<string, string>> = {
  boolean: "true or false",
  number: "a number",
  int: "a whole number",
  string: "a text",
  object: "keys with values",
  record: "keys with values",
  array: "a list",
  tuple: "a list",
};

function unit(origin: string): string {
  if (origin === "string") return " characters";
  return origin === "array" ? " entries" : "";
}

/**
 * zod's issues as problems a person can act on.
 * @param asWritten the YAML before secrets were filled in: what a message may quote.
 * @param schema the JSON schema of the configuration, to know which keys there are.
 */
export function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  asWritten: unknown,
  schema: unknown,
): Problem[] {
  return issues.flatMap((issue): Problem[] => {
    switch (issue.code) {
      case "unrecognized_keys":
        return issue.keys.map((key) => ({
          path: [...issue.path, key],
          message: unknownKey(key, schemaAt(schema, issue.path)),
          isKey: true,
        }));
      case "custom":
        if (issue.params?.isKey === true) return [{ path: issue.path, message: issue.message, isKey: true }];
        return [{ path: issue.path, message: expectedReceived(issue.message, issue.path, asWritten) }];
      default:
        return [{ path: issue.path, message: expectedReceived(issue.message, issue.path, asWritten) }];
    }
  });
}

function expectedReceived(expected: string, path: readonly PropertyKey[], asWritten: unknown): string {
  const value = path.reduce<unknown>((at, key) => (isRecord(at) ? at[String(key)] : undefined), asWritten);
  if (value === undefined) return `missing: expected ${expected}`;
  const received = describeReceived(value, String(path.at(-1)));
  return `expected ${expected}, received ${received}`;
}

function describeReceived(value: unknown, key: string): string {
  const [unquoted] = isRecord(value) ? Object.entries(value) : [];
  if (unquoted?.[1] === null && /^[A-Z][A-Z0-9_]*$/.test(unquoted[0]))
    return "braces without quotes around them";
  if (value === null || (isRecord(value) && Object.keys(value).length === 0)) return "nothing";
  if (/password|secret|token/.test(key)) return `a ${typeof value} (not shown)`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isRecord(value)) return `the keys ${Object.keys(value).join(", ")}`;
  return typeof value === "string" ? JSON.stringify(withoutLoginOf(value)) : JSON.stringify(value);
}

/** A value that has an address in it, be it a broken one. */
function withoutLoginOf(value: string): string {
  return value.includes("://") ? withoutLogin(value) : value;
}

function unknownKey(key: string, here: SchemaNode): string {
  const known = Object.keys(here.properties ?? {});
  const alike = suggest(key, known);
  if (alike !== undefined) return `unknown key; did you mean ${alike}?`;
  const section = known.find((name) => key in (asSchema(here.properties?.[name]).properties ?? {}));
  if (section !== undefined) return `unknown key here; ${key} belongs under ${section}`;
  const frigate = Object.hasOwn(FRIGATE_KEYS, key) ? FRIGATE_KEYS[key] : undefined;
  if (frigate !== undefined) return `unknown key; ${frigate}`;
  return `unknown key; known here: ${known.join(", ")}`;
}

function schemaAt(schema: unknown, path: readonly PropertyKey[]): SchemaNode {
  return path.reduce<SchemaNode>((at, key) => {
    if (typeof key === "number") return asSchema(at.prefixItems?.[key]);
    return asSchema(at.properties?.[String(key)] ?? at.additionalProperties);
  }, asSchema(schema));
}

function asSchema(value: unknown): SchemaNode {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
