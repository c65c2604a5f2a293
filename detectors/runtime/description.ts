import { z } from "zod";
import { ModelError } from "../errors.ts";
import { DESCRIPTION_SECTION, type ModelDescription } from "../module-format.ts";

const remedy = "Compile the model with this version's `sabrewing compile`.";

/** The format version comes first: another one may look different in every other key. */
const version = z.looseObject({ abi: z.unknown() });

const description = z.strictObject({
  abi: z.literal(1),
  task: z.literal("detect"),
  name: z.string().min(1),
  input: z.strictObject({
    width: z.int().positive().max(8192),
    height: z.int().positive().max(8192),
    channels: z.literal(3),
    dtype: z.literal("u8"),
    layout: z.literal("hwc"),
  }),
  labels: z.array(z.string().min(1)).min(1),
  precision: z.enum(["f32", "i16", "i8"]),
  features: z.array(z.string()),
  source: z.strictObject({
    format: z.enum(["onnx", "yolov5-checkpoint", "tfjs"]),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits"),
    licence: z.string().min(1),
  }),
  compiler: z.strictObject({ version: z.string().min(1) }),
});

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
  const versioned = version.safeParse(json);
  if (versioned.success && versioned.data.abi !== 1) {
    throw new ModelError(
      `The module speaks format version ${JSON.stringify(versioned.data.abi)}; this version of sabrewing speaks 1.`,
      "Compile the model again with this version's `sabrewing compile`, or install the version that made it.",
    );
  }
  const parsed = description.safeParse(json);
  if (!parsed.success) {
    throw new ModelError(`The module's description is not valid: ${listIssues(parsed.error)}.`, remedy);
  }
  return parsed.data;
}

function parseJson(section: ArrayBuffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(section));
  } catch (cause) {
    throw new ModelError("The module's description is not UTF-8 JSON.", remedy, { cause });
  }
}

function listIssues(error: z.ZodError): string {
  return error.issues
    .map((issue) => (issue.path.length > 0 ? `${issue.path.join(".")}: ${issue.message}` : issue.message))
    .join("; ");
}
