import type { z } from "zod";
import { withoutPossibleLogin } from "../base/address.ts";
import { suggest } from "./suggest.ts";

/** A mistake in a configuration, before its line is known. */
export interface Problem {
  /** Keys from the root to the value. */
  readonly path: readonly PropertyKey[];
  /** What is wrong. Quoted values contain no login. */
  readonly message: string;
  /** Whether the mistake is the key rather than its value. */
  readonly isKey?: boolean;
}

/** The parts of a JSON schema that lead from a key to the keys below it. */
interface SchemaNode {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly additionalProperties?: unknown;
  readonly items?: unknown;
}

/** Frigate's keys that do not exist here, and why. */
const FRIGATE_KEYS: Readonly<Record<string, string>> = {
  record: "sabrewing does not record video",
  detectors: "sabrewing has one detector: set its runtime and instances under detector",
  go2rtc: "sabrewing does not restream: write the camera's own address into its input",
  friendly_name: "sabrewing shows cameras and zones by their keys in the configuration",
  ...Object.fromEntries(
    [
      ...[
        "audio_transcription",
        "birdseye",
        "camera_groups",
        "classification",
        "environment_vars",
        "face_recognition",
      ],
      ...["genai", "live", "lpr", "notifications", "onvif", "semantic_search", "timestamp_style", "ui"],
    ].map((key) => [
      key,
      "sabrewing init --from FILE converts a configuration of Frigate and explains what it drops",
    ]),
  ),
};

/**
 * Describes the expected value. zod calls it at parse time, so that the message of every issue is such a phrase. The messages
 * of the schemas have the same form.
 */
export function describeExpected(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return EXPECTED_TYPES[issue.expected] ?? issue.expected;
    case "invalid_value":
      return `one of ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
    case "too_small":
      return issue.origin === "string"
        ? "a string that is not empty"
        : `at least ${issue.minimum}${unit(issue.origin, issue.minimum)}`;
    case "too_big":
      return `at most ${issue.maximum}${unit(issue.origin, issue.maximum)}`;
    default:
      return "a valid value";
  }
}

const EXPECTED_TYPES: Readonly<Record<string, string>> = {
  boolean: "true or false",
  number: "a number",
  int: "a whole number",
  string: "a string",
  object: "a mapping",
  record: "a mapping",
  array: "a list",
  tuple: "a list",
};

function unit(origin: string, count: number | bigint): string {
  if (origin === "string") return count === 1 ? " character" : " characters";
  if (origin !== "array") return "";
  return count === 1 ? " entry" : " entries";
}

/**
 * Converts zod's issues to problems with helpful messages.
 * @param asWritten the YAML before secrets were filled in: messages may quote it.
 * @param schema the JSON schema of the configuration, which lists the known keys.
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
  // Users may write the broker's login in front of its host. Without a scheme or an @, it looks like a host. In braces, it
  // is a key.
  const mayBeLogin = path.join(".") === "mqtt.host";
  const received = describeReceived(value, mayBeLogin || SECRET_KEY.test(String(path.at(-1))));
  return `expected ${expected}, received ${received}`;
}

const SECRET_KEY = /password|secret|token/;

function describeReceived(value: unknown, isSecret: boolean): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) {
    if (value.length === 0) return "an empty list";
    return `a list of ${value.length} ${value.length === 1 ? "entry" : "entries"}`;
  }
  if (isRecord(value)) {
    const [first] = Object.entries(value);
    if (first === undefined) return "an empty mapping";
    if (first[1] === null && /^[A-Z][A-Z0-9_]*$/.test(first[0])) return "braces without quotes around them";
    if (isSecret) return "a mapping (not shown)";
    return `a mapping with the keys ${Object.keys(value).map(withoutPossibleLogin).join(", ")}`;
  }
  if (isSecret) return `a ${typeof value} (not shown)`;
  return typeof value === "string" ? quoted(withoutPossibleLogin(value)) : JSON.stringify(value);
}

const LONGEST_QUOTE = 200;

function quoted(text: string): string {
  if (text.length <= LONGEST_QUOTE) return JSON.stringify(text);
  return `${JSON.stringify(`${text.slice(0, LONGEST_QUOTE)}…`)} (${text.length} characters)`;
}

function unknownKey(key: string, here: SchemaNode): string {
  const frigate = Object.hasOwn(FRIGATE_KEYS, key) ? FRIGATE_KEYS[key] : undefined;
  if (frigate !== undefined) return `unknown key; ${frigate}`;
  const known = Object.keys(here.properties ?? {});
  const similar = suggest(key, known);
  if (similar !== undefined) return `unknown key; did you mean ${similar}?`;
  const section = known.find((name) => key in (asSchema(here.properties?.[name]).properties ?? {}));
  if (section !== undefined) return `unknown key here; ${key} belongs under ${section}`;
  return `unknown key; known keys here: ${known.join(", ")}`;
}

function schemaAt(schema: unknown, path: readonly PropertyKey[]): SchemaNode {
  return path.reduce<SchemaNode>((at, key) => {
    if (typeof key === "number") return asSchema(at.items);
    return asSchema(at.properties?.[String(key)] ?? at.additionalProperties);
  }, asSchema(schema));
}

function asSchema(value: unknown): SchemaNode {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
