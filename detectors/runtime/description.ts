import { ModelError } from "../errors.ts";
import { DESCRIPTION_SECTION, type ModelDescription } from "../module-format.ts";

const remedy = "Compile the model with this version's `sabrewing compile`.";

const LARGEST_SIDE = 8192;

/**
 * Reads the description a module carries in its custom section `sabrewing` (UTF-8 JSON).
 * @throws ModelError when it is absent, doubled, not JSON, of another format version, or has wrong or unknown keys.
 */
export function parseDescription(customSections: readonly ArrayBuffer[]): ModelDescription {
  const [section, second] = customSections;
  if (section === undefined || second !== undefined) {
    throw new ModelError(
      `Expected one custom section "${DESCRIPTION_SECTION}" that describes the model, found ${customSections.length}: ` +
        "this is a WebAssembly module, but not a detector.",
      remedy,
    );
  }
  const json = parseJson(section);
  // The format version comes first: another one may look different in every other key.
  if (isRecord(json) && "abi" in json && json.abi !== 1) {
    throw new ModelError(
      `The module speaks format version ${JSON.stringify(json.abi)}; this version of sabrewing speaks 1.`,
      "Compile the model again with this version's `sabrewing compile`, or install the version that made it.",
    );
  }
  const problems: string[] = [];
  if (isDescription(json, problems)) return json;
  throw new ModelError(`The module's description is not valid: ${problems.join("; ")}.`, remedy);
}

/**
 * Whether a value keeps this rule; what does not is told by its path. These few rules are written out here, not in zod
 * as the configuration's are: loading zod takes a tenth of a second of the way to the first detection.
 */
type Rule = (value: unknown, path: string, problems: string[]) => void;

function rule(expected: string, holds: (value: unknown) => boolean): Rule {
  return (value, path, problems) => {
    if (holds(value)) return;
    const received = value === undefined ? "nothing" : JSON.stringify(value);
    problems.push(`${path}: expected ${expected}, received ${received}`);
  };
}

/** An object with exactly these keys. */
function record(rules: Readonly<Record<string, Rule>>): Rule {
  return (value, path, problems) => {
    if (!isRecord(value)) {
      problems.push(`${path || "description"}: expected an object`);
      return;
    }
    const below = (key: string): string => (path === "" ? key : `${path}.${key}`);
    for (const [key, check] of Object.entries(rules)) check(value[key], below(key), problems);
    for (const key of Object.keys(value))
      if (!Object.hasOwn(rules, key)) problems.push(`${below(key)}: unknown key`);
  };
}

const is = (wanted: unknown): Rule => rule(JSON.stringify(wanted), (value) => value === wanted);
const oneOf = (...words: readonly string[]): Rule =>
  rule(`one of ${words.join(", ")}`, (value) => words.some((word) => word === value));
/** Shown on terminals, in logs and over MQTT: nothing that would steer a terminal or break a line. */
const isWord = (value: unknown): boolean => typeof value === "string" && /^\P{Cc}+$/u.test(value);
const word = rule("a text without control characters", isWord);
const side = rule(
  `a whole number from 1 to ${LARGEST_SIDE}`,
  (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= LARGEST_SIDE,
);

const description = record({
  abi: is(1),
  task: is("detect"),
  name: word,
  input: record({ width: side, height: side, channels: is(3), dtype: is("u8"), layout: is("hwc") }),
  labels: rule(
    "a list of texts, one at least",
    (value) => Array.isArray(value) && value.length > 0 && value.every(isWord),
  ),
  precision: oneOf("f32", "i16", "i8"),
  features: rule("a list of texts", (value) => Array.isArray(value) && value.every(isWord)),
  source: record({
    format: oneOf("onnx", "yolov5-checkpoint", "tfjs"),
    sha256: rule(
      "64 hexadecimal digits",
      (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value),
    ),
    licence: word,
  }),
  compiler: record({ version: word }),
});

function isDescription(value: unknown, problems: string[]): value is ModelDescription {
  description(value, "", problems);
  return problems.length === 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseJson(section: ArrayBuffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(section));
  } catch (cause) {
    throw new ModelError("The module's description is not UTF-8 JSON.", remedy, { cause });
  }
}
