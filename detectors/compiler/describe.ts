/** Builds a module's description and checks it: the runtime refuses a description that breaks a rule. */
import { ModelError } from "../errors.ts";
import {
  ABI,
  DESCRIPTION_LIMITS,
  DETECT_PARAMETERS,
  type DetectDescription,
  MAX_DETECTIONS,
  type PictureSpec,
  type SourceSpec,
} from "../module-format.ts";
import { packageVersion } from "../package-folder.ts";
import { isPlainText, plainText } from "../plain-text.ts";
import { type Graph, type ImportedModel, imageInput } from "./graph/graph.ts";
import { featuresOf, type Target } from "./target.ts";

/** As YOLOv5 was trained (`letterbox` of its utils/augmentations.py). */
const YOLOV5_PICTURE: PictureSpec = { fit: "letterbox", pad: 114, filter: "linear" };

/** The texts of a model that people read. */
export interface ModelTexts {
  readonly name: string;
  readonly licence: string;
  readonly labels: readonly string[];
}

const PLAIN = "without control, formatting or direction characters and without spaces at its ends";

/**
 * The texts as the description will hold them. A label with white space at its ends (for example a line break) is trimmed.
 * @throws ModelError when a text is empty, too long, or contains control, formatting or direction characters.
 */
export function requirePlainTexts({ name, licence, labels }: ModelTexts): ModelTexts {
  requireText("The module's name", name, "Give it another name with --name.");
  requireText("The licence", licence, "Give its SPDX identifier with --licence, for instance MIT.");
  return { name, licence, labels: requireLabels(labels) };
}

function requireText(what: string, text: string, remedy: string): void {
  const { text: longest } = DESCRIPTION_LIMITS;
  if (isPlainText(text, longest)) return;
  throw new ModelError(
    `${what} cannot be written into the module: expected 1 to ${longest} characters ${PLAIN}, received ${quote(text)}.`,
    remedy,
  );
}

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

/** @throws ModelError like `requirePlainTexts`, or when the whole description is too large. */
export function describe(
  model: ImportedModel,
  graph: Graph,
  target: Target,
  precision: DetectDescription["precision"],
  {
    source,
    release,
    filters,
  }: {
    readonly source: SourceSpec;
    readonly release?: number | undefined;
    readonly filters?: DetectDescription["filters"] | undefined;
  },
): DetectDescription {
  const { width, height } = imageInput(graph).size;
  const { name, licence, labels } = requirePlainTexts({ ...model, licence: source.licence });
  const description: DetectDescription = {
    abi: ABI,
    task: "detect",
    name,
    ...(release === undefined ? {} : { release }),
    inputs: [{ name: "image", shape: [height, width, 3], dtype: "u8" }],
    outputs: [{ name: "detections", shape: [MAX_DETECTIONS, 6], dtype: "f32", rows: "counted" }],
    parameters: DETECT_PARAMETERS,
    labels: labels.map((name, id) => ({ id, name })),
    ...(filters === undefined ? {} : { filters }),
    picture: YOLOV5_PICTURE,
    precision,
    features: featuresOf(target),
    source: [{ ...source, licence }],
    compiler: { version: packageVersion() },
  };
  const bytes = Buffer.byteLength(JSON.stringify(description));
  if (bytes <= DESCRIPTION_LIMITS.sectionBytes) return description;
  throw new ModelError(
    `The module's description would have ${bytes} bytes; expected at most ${DESCRIPTION_LIMITS.sectionBytes}.`,
    "Give the classes shorter names in the model's list `names`, then save or export the model again.",
  );
}
