/** Builds a module's description and checks it: the runtime refuses a description that breaks a rule. */
import { ModelError } from "../errors.ts";
import {
  ABI,
  DESCRIPTION_LIMITS,
  DETECT_PARAMETERS,
  type DetectDescription,
  DTYPE_BYTES,
  MAX_DETECTIONS,
  type PictureSpec,
  type SourceSpec,
  type TensorDescription,
  type TensorDType,
  type TensorSpec,
} from "../module-format.ts";
import { packageVersion } from "../package-folder.ts";
import { isPlainText, plainText } from "../plain-text.ts";
import {
  type Graph,
  type ImportedDetector,
  type ImportedModel,
  type ImportedTensors,
  imageInput,
  type NamedTensor,
} from "./graph/graph.ts";
import { featuresOf, type Target } from "./target.ts";

/** As YOLOv5 was trained (`letterbox` of its utils/augmentations.py). */
const YOLOV5_PICTURE: PictureSpec = { fit: "letterbox-centre", pad: 114, filter: "linear" };

const PLAIN = "without control, formatting or direction characters and without spaces at its ends";

/**
 * Checks everything that the description must hold.
 * @throws ModelError when a text is empty, too long, or contains control, formatting or direction characters, or when the
 *   model has too many classes, inputs, outputs or axes.
 */
export function requireTexts(model: ImportedModel, licence: string): void {
  requireNames(model.name, licence);
  if (model.task === "detect") requireLabels(model.labels);
  else tensorSpecs(model);
}

function requireNames(name: string, licence: string): void {
  requireText("The module's name", name, "Give it another name with --name.");
  requireText("The licence", licence, "Give its SPDX identifier with --licence, for instance MIT.");
}

function requireText(what: string, text: string, remedy: string): void {
  const { text: longest } = DESCRIPTION_LIMITS;
  if (isPlainText(text, longest)) return;
  throw new ModelError(
    `${what} cannot be written into the module: expected 1 to ${longest} characters ${PLAIN}, received ${quote(text)}.`,
    remedy,
  );
}

/** The labels as the description will hold them: white space at an end (for example a line break) is trimmed. */
function requireLabels(labels: readonly string[]): readonly string[] {
  const { labels: most, label: longest } = DESCRIPTION_LIMITS;
  if (labels.length < 1 || labels.length > most) {
    throw new ModelError(
      `Expected a model of 1 to ${most} classes, received ${labels.length}.`,
      "Train a model with fewer classes.",
    );
  }
  return labels.map((label, index) => {
    if (isPlainText(label, longest)) return label;
    const trimmed = label.trim();
    if (isPlainText(trimmed, longest)) return trimmed;
    throw new ModelError(
      `The name of class ${index} cannot be a label: expected 1 to ${longest} characters ${PLAIN}, received ${quote(label)}.`,
      "Rename the class in the model's list `names`, then save or export the model again.",
    );
  });
}

function quote(text: string): string {
  return `"${plainText(text, 60)}" (${text.length} characters)`;
}

/** The inputs and outputs of a model as its description lists them. */
function tensorSpecs({ inputs, outputs }: ImportedTensors): Pick<TensorDescription, "inputs" | "outputs"> {
  if (outputs.length === 0) {
    throw new ModelError("The model has no outputs.", "Mark at least one value as an output of the model.");
  }
  return { inputs: specsOf("input", inputs), outputs: specsOf("output", outputs) };
}

function specsOf(kind: "input" | "output", tensors: readonly NamedTensor[]): readonly TensorSpec[] {
  const { tensors: most, rank } = DESCRIPTION_LIMITS;
  if (tensors.length > most) {
    throw new ModelError(
      `The model has ${tensors.length} ${kind}s; a module can describe ${most}.`,
      `Join some of its ${kind}s.`,
    );
  }
  const taken = new Set<string>();
  return tensors.map(({ name, shape, dtype, affine }, index) => {
    if (shape.length > rank) {
      throw new ModelError(
        `The ${kind} "${name}" has ${shape.length} axes; a module can describe ${rank}.`,
        "Reshape it in the model.",
      );
    }
    const unique = unusedName(describableName(name) || `${kind}_${index}`, taken);
    taken.add(unique);
    return { name: unique, shape, dtype: describableType(dtype), ...describableScale(affine) };
  });
}

/** Room for the number of a name that several tensors have. */
const LONGEST_NAME = DESCRIPTION_LIMITS.text - 4;

/** A name from the file as plain text; empty where nothing of it is left. */
function describableName(name: string): string {
  return plainText(name.trim(), LONGEST_NAME).trim();
}

/** The name, with a number from 2 on where it is taken: hosts find tensors by name. */
function unusedName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let number = 2; ; number++) if (!taken.has(`${name}_${number}`)) return `${name}_${number}`;
}

/** Scale and zero point of a tensor that has one for all its numbers. */
function describableScale(affine: NamedTensor["affine"]): Pick<TensorSpec, "scale" | "zero"> {
  const [scale, ...more] = affine?.scale ?? [];
  if (scale === undefined || more.length > 0) return {};
  return { scale, zero: affine?.zero[0] ?? 0 };
}

function describableType(dtype: NamedTensor["dtype"]): TensorDType {
  if (Object.hasOwn(DTYPE_BYTES, dtype)) return dtype as TensorDType;
  throw new Error(`a module cannot describe numbers of type ${dtype}`);
}

/** What a description says beside the model itself. */
interface Origin {
  readonly source: SourceSpec;
  readonly release?: number | undefined;
  readonly filters?: DetectDescription["filters"] | undefined;
}

/**
 * The description of a module.
 * @param graph after all passes
 * @throws ModelError like `requireTexts`, or when the whole description is too large.
 */
export function describe(
  model: ImportedModel,
  graph: Graph,
  target: Target,
  precision: DetectDescription["precision"],
  origin: Origin,
): DetectDescription | TensorDescription {
  const { source, release } = origin;
  requireNames(model.name, source.licence);
  const named = { name: model.name, ...(release === undefined ? {} : { release }) };
  const end = {
    precision,
    features: featuresOf(target),
    source: [source],
    compiler: { version: packageVersion() },
  };
  const description: DetectDescription | TensorDescription =
    model.task === "detect"
      ? { abi: ABI, task: "detect", ...named, ...detectorKeys(model, graph, origin), ...end }
      : {
          abi: ABI,
          task: "tensor",
          ...named,
          ...tensorSpecs(model),
          parameters: [],
          ...stateOf(graph),
          ...end,
        };
  const bytes = Buffer.byteLength(JSON.stringify(description));
  if (bytes <= DESCRIPTION_LIMITS.sectionBytes) return description;
  throw new ModelError(
    `The module's description would have ${bytes} bytes; expected at most ${DESCRIPTION_LIMITS.sectionBytes}.`,
    "Give the classes shorter names in the model's list `names`, then save or export the model again.",
  );
}

function stateOf({ states }: Graph): Pick<TensorDescription, "state"> {
  return states.length === 0 ? {} : { state: true };
}

function detectorKeys(model: ImportedDetector, graph: Graph, { filters }: Origin) {
  const { width, height } = imageInput(graph).size;
  return {
    inputs: [{ name: "image", shape: [height, width, 3], dtype: "u8" }],
    outputs: [{ name: "detections", shape: [MAX_DETECTIONS, 6], dtype: "f32", rows: "counted" }],
    parameters: DETECT_PARAMETERS,
    labels: requireLabels(model.labels).map((name, id) => ({ id, name })),
    ...(filters === undefined ? {} : { filters }),
    picture: YOLOV5_PICTURE,
  } as const;
}
