/** What module-format.ts demands of a description, as rules. */
import { ABI, DESCRIPTION_LIMITS, DTYPE_BYTES, type ModelDescription } from "../module-format.ts";
import { plainText } from "../plain-text.ts";
import { integer, is, isRecord, list, MAX_EXCERPT, oneOf, type Rule, record, rule, text } from "./rules.ts";
import { checkTask } from "./task-rules.ts";

/** Sizes are 32-bit numbers in a module. */
const MAX_DIMENSION = 2 ** 31 - 1;
/** Every id up to here is a number that f32 represents exactly. */
const MAX_LABEL_ID = 2 ** 24;
const MAX_SAMPLES = 2 ** 24;

const finite: Rule = rule("a finite number", (value) => Number.isFinite(value));
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

const tensor = {
  name: text(DESCRIPTION_LIMITS.text),
  shape: list("dimensions", { min: 0, max: DESCRIPTION_LIMITS.rank }, integer(0, MAX_DIMENSION)),
  dtype: oneOf(...Object.keys(DTYPE_BYTES)),
};
const quantization = {
  scale: rule("a number above 0", (value) => Number.isFinite(value) && Number(value) > 0),
  zero: integer(-(2 ** 31), MAX_DIMENSION),
};
const { tensors: many, labels: mostLabels, sources } = DESCRIPTION_LIMITS;

const labels = list(
  "labels",
  { min: 1, max: mostLabels },
  record({ id: integer(0, MAX_LABEL_ID), name: text(DESCRIPTION_LIMITS.label) }),
);
const picture = record({
  fit: oneOf("letterbox-centre", "stretch", "crop"),
  pad: integer(0, 255),
  filter: oneOf("nearest", "linear", "cubic", "lanczos3"),
});
const audio = record({
  sampleRate: integer(1, 1_000_000),
  window: integer(1, MAX_SAMPLES),
  hop: integer(1, MAX_SAMPLES),
  channels: integer(1, 32),
  range: rule(
    "two numbers, the lower one first",
    (value) =>
      Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] < value[1],
  ),
});

const required = {
  abi: is(ABI),
  name: text(DESCRIPTION_LIMITS.text),
  inputs: list("tensors", { min: 0, max: many }, record(tensor, quantization)),
  outputs: list("tensors", { min: 1, max: many }, record(tensor, { ...quantization, rows: is("counted") })),
  parameters: list(
    "parameters",
    { min: 0, max: many },
    record({ name: text(DESCRIPTION_LIMITS.text), default: finite }),
  ),
  precision: oneOf("f32", "i16", "int8", "i8"),
  features: list("strings", { min: 0, max: DESCRIPTION_LIMITS.features }, text(DESCRIPTION_LIMITS.feature)),
  source: list(
    "origins",
    { min: 1, max: sources },
    record({
      format: oneOf("onnx", "yolov5-checkpoint", "tfjs", "tflite"),
      sha256: rule(
        "64 hexadecimal digits",
        (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value),
      ),
      licence: text(DESCRIPTION_LIMITS.text),
    }),
  ),
  compiler: record({ version: text(DESCRIPTION_LIMITS.text) }),
};
const optional = { release: integer(0), state: is(true) };

/** The keys of each task, beside those of every task. A `tensor` module may name its labels. */
const TASKS: Readonly<Record<ModelDescription["task"], Rule>> = {
  detect: record(
    { ...required, task: is("detect"), labels, picture },
    { ...optional, filters: scoreFilters },
  ),
  classify: record({ ...required, task: is("classify"), labels, picture }, optional),
  embed: record({ ...required, task: is("embed"), picture }, optional),
  anomaly: record({ ...required, task: is("anomaly"), picture }, optional),
  audio: record({ ...required, task: is("audio"), labels, audio }, optional),
  tensor: record({ ...required, task: is("tensor") }, { ...optional, labels }),
};

/** A description of an unknown task: without it, its other keys cannot be judged. */
const unknownTask = record(
  { ...required, task: oneOf(...Object.keys(TASKS)) },
  { ...optional, labels, picture, audio },
);

/** Whether a parsed JSON value is a description; adds the reasons to `problems` if it is not. */
export function isDescription(value: unknown, problems: string[]): value is ModelDescription {
  const task = isRecord(value) && typeof value.task === "string" ? value.task : "";
  const check = Object.hasOwn(TASKS, task) ? TASKS[task as ModelDescription["task"]] : unknownTask;
  check(value, "", problems);
  // A task's rules need the tensors and labels that the format's own rules have checked.
  if (problems.length === 0) checkTask(value as ModelDescription, problems);
  return problems.length === 0;
}
