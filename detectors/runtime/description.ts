import { ModelError } from "../errors.ts";
import {
  DESCRIPTION_LIMITS,
  DESCRIPTION_SECTION,
  MAX_SIDE,
  type ModelDescription,
} from "../module-format.ts";
import { isPlainText, plainText } from "../plain-text.ts";

const remedy = "Compile the model with this version's `sabrewing compile`.";

/** Limit of the problems that an error lists. */
const MAX_PROBLEMS = 20;

/**
 * Reads the description in a module's custom section `sabrewing` (UTF-8 JSON).
 * @throws ModelError when the section is missing, duplicated or too large, is not JSON, has another format version, or has
 *   wrong or unknown keys.
 */
export function parseDescription(customSections: readonly Uint8Array[]): ModelDescription {
  const [section, second] = customSections;
  if (section === undefined || second !== undefined) {
    throw new ModelError(
      `Expected one custom section "${DESCRIPTION_SECTION}" that describes the model, found ${customSections.length}: ` +
        "this is a WebAssembly module, but not a detector.",
      remedy,
    );
  }
  requireDescriptionSize(customSections);
  const json = parseJson(section);
  // The format version is checked first: in another version every other key may differ.
  if (isRecord(json) && "abi" in json && json.abi !== 1) {
    throw new ModelError(
      `The module has format version ${excerpt(json.abi)}; this version of sabrewing supports 1.`,
      "Compile the model again with this version's `sabrewing compile`, or install the version that compiled it.",
    );
  }
  const problems: string[] = [];
  if (isDescription(json, problems)) return json;
  const more = problems.length - MAX_PROBLEMS;
  const listed = [...problems.slice(0, MAX_PROBLEMS), ...(more > 0 ? [`and ${more} more`] : [])];
  throw new ModelError(`The module's description is not valid: ${listed.join("; ")}.`, remedy);
}

/** @throws ModelError when a description is larger than the format allows. */
export function requireDescriptionSize(customSections: readonly Uint8Array[]): void {
  const large = customSections.find(({ byteLength }) => byteLength > DESCRIPTION_LIMITS.sectionBytes);
  if (large === undefined) return;
  throw new ModelError(
    `The module's description has ${large.byteLength} bytes; expected at most ${DESCRIPTION_LIMITS.sectionBytes}.`,
    remedy,
  );
}

/**
 * Checks a value and adds its problems, each with its path. These few rules do not use zod, as the configuration's do:
 * loading zod delays the first detection by a tenth of a second.
 */
type Rule = (value: unknown, path: string, problems: string[]) => void;

function rule(expected: string, holds: (value: unknown) => boolean): Rule {
  return (value, path, problems) => {
    if (!holds(value)) problems.push(`${path}: expected ${expected}, received ${excerpt(value)}`);
  };
}

/** Limit of a quoted key or value, in characters. */
const MAX_EXCERPT = 60;

/** A shortened value for an error. JSON.stringify would overflow the stack on lists that are nested 100,000 deep. */
function excerpt(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") {
    const quoted = plainText(JSON.stringify(value.slice(0, 2 * MAX_EXCERPT)), MAX_EXCERPT);
    return `${quoted} (${value.length} characters)`;
  }
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** An object with all keys of `required`, any of `optional` and no others. */
function record(
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

const is = (expected: unknown): Rule => rule(JSON.stringify(expected), (value) => value === expected);
const oneOf = (...words: readonly string[]): Rule =>
  rule(`one of ${words.join(", ")}`, (value) => words.some((word) => word === value));

const PLAIN = "without control, formatting or direction characters and without spaces at its ends";
/** Strings are shown on terminals, in logs and on the page, and are published over MQTT. */
const text = (limit: number): Rule =>
  rule(`a string of 1 to ${limit} characters ${PLAIN}`, (value) => isPlainText(value, limit));

function listOfStrings({ min, max, limit }: Record<"min" | "max" | "limit", number>): Rule {
  const isSized = rule(
    `a list of ${min} to ${max} strings`,
    (value) => Array.isArray(value) && value.length >= min && value.length <= max,
  );
  const each = text(limit);
  return (value, path, problems) => {
    const before = problems.length;
    isSized(value, path, problems);
    if (!Array.isArray(value) || problems.length > before) return;
    for (const [index, item] of value.entries()) each(item, `${path}[${index}]`, problems);
  };
}

const side = rule(
  `an integer from 1 to ${MAX_SIDE}`,
  (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_SIDE,
);

const score = rule("a number from 0 to 1", (value) => typeof value === "number" && value >= 0 && value <= 1);
const scoreFilter = record({ min_score: score, threshold: score });

/** Filters by label. Their labels are used as keys only and never shown. */
const scoreFilters: Rule = (value, path, problems) => {
  if (!isRecord(value) || Object.keys(value).length > DESCRIPTION_LIMITS.labels) {
    problems.push(`${path}: expected an object with at most ${DESCRIPTION_LIMITS.labels} labels`);
    return;
  }
  for (const [label, filter] of Object.entries(value)) {
    scoreFilter(filter, `${path}.${plainText(label, MAX_EXCERPT)}`, problems);
  }
};

const description = record(
  {
    abi: is(1),
    task: is("detect"),
    name: text(DESCRIPTION_LIMITS.text),
    input: record({ width: side, height: side, channels: is(3), dtype: is("u8"), layout: is("hwc") }),
    labels: listOfStrings({ min: 1, max: DESCRIPTION_LIMITS.labels, limit: DESCRIPTION_LIMITS.label }),
    precision: oneOf("f32", "i16", "i8"),
    features: listOfStrings({
      min: 0,
      max: DESCRIPTION_LIMITS.features,
      limit: DESCRIPTION_LIMITS.feature,
    }),
    source: record({
      format: oneOf("onnx", "yolov5-checkpoint", "tfjs"),
      sha256: rule(
        "64 hexadecimal digits",
        (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value),
      ),
      licence: text(DESCRIPTION_LIMITS.text),
    }),
    compiler: record({ version: text(DESCRIPTION_LIMITS.text) }),
  },
  {
    filters: scoreFilters,
    release: rule("an integer, 0 or more", (value) => Number.isSafeInteger(value) && Number(value) >= 0),
  },
);

function isDescription(value: unknown, problems: string[]): value is ModelDescription {
  description(value, "", problems);
  return problems.length === 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseJson(section: Uint8Array): unknown {
  try {
    // TextDecoder does not accept shared memory, so it gets a copy.
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(section)));
  } catch (cause) {
    throw new ModelError("The module's description is not UTF-8 JSON.", remedy, { cause });
  }
}
