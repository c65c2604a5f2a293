import { ModelError } from "../errors.ts";
import {
  DESCRIPTION_LIMITS,
  DESCRIPTION_SECTION,
  MAX_SIDE,
  type ModelDescription,
} from "../module-format.ts";
import { isPlainText, plainText } from "../plain-text.ts";

const remedy = "Compile the model with this version's `sabrewing compile`.";

/** The most problems of a description that an error lists. */
const MOST_PROBLEMS = 20;

/**
 * Reads the description a module carries in its custom section `sabrewing` (UTF-8 JSON).
 * @throws ModelError when it is absent, doubled, too large, not JSON, of another format version, or has wrong or unknown keys.
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
  requireModestDescription(customSections);
  const json = parseJson(section);
  // The format version comes first: another one may look different in every other key.
  if (isRecord(json) && "abi" in json && json.abi !== 1) {
    throw new ModelError(
      `The module speaks format version ${excerpt(json.abi)}; this version of sabrewing speaks 1.`,
      "Compile the model again with this version's `sabrewing compile`, or install the version that made it.",
    );
  }
  const problems: string[] = [];
  if (isDescription(json, problems)) return json;
  const more = problems.length - MOST_PROBLEMS;
  const listed = [...problems.slice(0, MOST_PROBLEMS), ...(more > 0 ? [`and ${more} more`] : [])];
  throw new ModelError(`The module's description is not valid: ${listed.join("; ")}.`, remedy);
}

/** @throws ModelError when a description is larger than the format allows, whatever it holds. */
export function requireModestDescription(customSections: readonly Uint8Array[]): void {
  const large = customSections.find(({ byteLength }) => byteLength > DESCRIPTION_LIMITS.sectionBytes);
  if (large === undefined) return;
  throw new ModelError(
    `The module's description has ${large.byteLength} bytes; expected ${DESCRIPTION_LIMITS.sectionBytes} at most.`,
    remedy,
  );
}

/**
 * Whether a value keeps this rule; what does not is told by its path. These few rules are written out here, not in zod
 * as the configuration's are: loading zod takes a tenth of a second of the way to the first detection.
 */
type Rule = (value: unknown, path: string, problems: string[]) => void;

function rule(expected: string, holds: (value: unknown) => boolean): Rule {
  return (value, path, problems) => {
    if (!holds(value)) problems.push(`${path}: expected ${expected}, received ${excerpt(value)}`);
  };
}

/** The most characters of a key or value of the description that an error quotes. */
const LONGEST_EXCERPT = 60;

/** A value in an error, cut. JSON.stringify would overflow the stack on lists that are nested 100,000 deep. */
function excerpt(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") {
    const quoted = plainText(JSON.stringify(value.slice(0, 2 * LONGEST_EXCERPT)), LONGEST_EXCERPT);
    return `${quoted} (${value.length} characters)`;
  }
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** An object with these keys: all of `required`, any of `optional`, no other. */
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
      problems.push(`${below(plainText(key, LONGEST_EXCERPT))}: unknown key`);
    }
  };
}

const is = (wanted: unknown): Rule => rule(JSON.stringify(wanted), (value) => value === wanted);
const oneOf = (...words: readonly string[]): Rule =>
  rule(`one of ${words.join(", ")}`, (value) => words.some((word) => word === value));

const PLAIN = "without control, formatting or direction characters";
/** Shown on terminals, in logs, on the page and over MQTT. */
const text = (longest: number): Rule =>
  rule(`a text of 1 to ${longest} characters ${PLAIN}`, (value) => isPlainText(value, longest));

function listOfTexts({ least, most, longest }: Record<"least" | "most" | "longest", number>): Rule {
  const isSized = rule(
    `a list of ${least} to ${most} texts`,
    (value) => Array.isArray(value) && value.length >= least && value.length <= most,
  );
  const each = text(longest);
  return (value, path, problems) => {
    const before = problems.length;
    isSized(value, path, problems);
    if (!Array.isArray(value) || problems.length > before) return;
    for (const [index, item] of value.entries()) each(item, `${path}[${index}]`, problems);
  };
}

const side = rule(
  `a whole number from 1 to ${MAX_SIDE}`,
  (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_SIDE,
);

const description = record(
  {
    abi: is(1),
    task: is("detect"),
    name: text(DESCRIPTION_LIMITS.text),
    input: record({ width: side, height: side, channels: is(3), dtype: is("u8"), layout: is("hwc") }),
    labels: listOfTexts({ least: 1, most: DESCRIPTION_LIMITS.labels, longest: DESCRIPTION_LIMITS.label }),
    precision: oneOf("f32", "i16", "i8"),
    features: listOfTexts({
      least: 0,
      most: DESCRIPTION_LIMITS.features,
      longest: DESCRIPTION_LIMITS.feature,
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
    release: rule("a whole number, 0 or more", (value) => Number.isSafeInteger(value) && Number(value) >= 0),
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
    // A copy: TextDecoder takes no shared memory.
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(section)));
  } catch (cause) {
    throw new ModelError("The module's description is not UTF-8 JSON.", remedy, { cause });
  }
}
