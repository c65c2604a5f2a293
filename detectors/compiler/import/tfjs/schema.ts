/**
 * A TensorFlow.js graph model: `model.json` holds a TensorFlow GraphDef in protobuf's JSON mapping, and a manifest of the
 * weights, which are in binary files beside it (tfjs-core, io/types.ts: ModelJSON, WeightsManifestConfig).
 */
import { z } from "zod";
import { ModelError } from "../../../errors.ts";
import { damagedTfjs } from "../errors.ts";

/** Protobuf's JSON mapping writes 64-bit integers as strings. */
const integer = z.union([z.int(), z.string().regex(/^-?\d{1,19}$/)]).transform(Number);
/** Protobuf's JSON mapping writes bytes in base64; old converters wrote lists of numbers. */
const text = z
  .union([z.string(), z.array(z.int())])
  .transform((value) =>
    typeof value === "string" ? Buffer.from(value, "base64").toString() : String.fromCharCode(...value),
  );

const attribute = z.object({
  s: text.optional(),
  i: integer.optional(),
  f: z.number().optional(),
  b: z.boolean().optional(),
  type: z.union([z.string(), z.int()]).optional(),
  shape: z
    .object({
      dim: z.array(z.object({ size: integer.optional() })).default([]),
      unknownRank: z.boolean().optional(),
    })
    .optional(),
  list: z.object({ s: z.array(text).default([]), i: z.array(integer).default([]) }).optional(),
});

const node = z
  .object({
    name: z.string().min(1),
    op: z.string().min(1),
    input: z.array(z.string()).default([]),
    // A Map, because a file may use any name, `__proto__` for example.
    attr: z
      .unknown()
      .optional()
      .transform(
        (record) => new Map(record !== null && typeof record === "object" ? Object.entries(record) : []),
      )
      .pipe(z.map(z.string(), attribute)),
  })
  // The first output has the node's name.
  .transform(({ name, op, input, attr }) => ({ name, opType: op, input, output: [name], attr }));

const weight = z.object({
  name: z.string().min(1),
  shape: z.array(z.int().nonnegative()),
  dtype: z.string(),
  quantization: z
    .object({ dtype: z.string(), min: z.number().optional(), scale: z.number().optional() })
    .optional(),
});

/** Names of tensors, in order. A list's keys may be other names than the tensors have. */
const tensorNames = z.unknown().transform((tensors) => {
  if (tensors === null || typeof tensors !== "object") return [];
  return Object.entries(tensors).map(([key, tensor]: [string, unknown]) => {
    const isNamed = tensor !== null && typeof tensor === "object" && "name" in tensor;
    return isNamed && typeof tensor.name === "string" ? tensor.name : key;
  });
});

const signature = z.object({ inputs: tensorNames.default([]), outputs: tensorNames.default([]) }).optional();

const modelJson = z
  .object({
    // Some files say nothing of their makers, or nothing that is text.
    generatedBy: z.string().optional().catch(undefined),
    convertedBy: z.string().optional().catch(undefined),
    modelTopology: z.object({ node: z.array(node) }),
    weightsManifest: z.array(z.object({ paths: z.array(z.string()), weights: z.array(weight) })),
    signature,
    userDefinedMetadata: z.object({ signature }).optional(),
  })
  // TensorFlow.js, too, prefers the signature that old converters wrote into the metadata.
  .transform(({ signature, userDefinedMetadata, ...model }) => ({
    ...model,
    signature: userDefinedMetadata?.signature ?? signature,
  }));

export type TfjsAttribute = z.output<typeof attribute>;
export type TfjsNode = z.output<typeof node>;
export type TfjsWeight = z.output<typeof weight>;
export type TfjsModel = z.output<typeof modelJson>;

/** The key that identifies a TensorFlow.js model; Keras layers models have it too. */
const MARK = '"modelTopology"';

/** Whether these bytes are a TensorFlow.js `model.json`. */
export function isTfjs(bytes: Uint8Array): boolean {
  return (
    /^\s*\{/.test(decodeStart(bytes)) &&
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(MARK)
  );
}

function decodeStart(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, 64)).replace(/^\uFEFF/, "");
}

/**
 * Reads a `model.json`.
 * @throws ModelError when it is not JSON, not a graph model, or incomplete.
 */
export function decodeTfjs(bytes: Uint8Array): TfjsModel {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw damagedTfjs(`model.json is not JSON (${cause instanceof Error ? cause.message : cause})`, cause);
  }
  const model = modelJson.safeParse(json);
  if (model.success) return model.data;
  if (isLayersModel(json)) {
    throw new ModelError(
      "The TensorFlow.js model is a Keras layers model; only graph models can be compiled.",
      "Convert it: tensorflowjs_converter --input_format=tfjs_layers_model --output_format=tfjs_graph_model.",
    );
  }
  const [issue] = model.error.issues;
  throw damagedTfjs(
    `model.json, ${issue?.path.join(".") || "top"}: ${issue?.message ?? "unreadable"}`,
    model.error,
  );
}

function isLayersModel(json: unknown): boolean {
  return json !== null && typeof json === "object" && "format" in json && json.format === "layers-model";
}

/**
 * Names of the weight files that belong to a `model.json`, in the manifest's order.
 * @throws ModelError when the file is damaged, or names a file outside its own folder.
 */
export function tfjsShards(bytes: Uint8Array): readonly string[] {
  return decodeTfjs(bytes).weightsManifest.flatMap(({ paths }) => paths.map(plainName));
}

/** A model file may come from anywhere: it must not make us read files outside its folder. */
function plainName(path: string): string {
  if (path !== "" && path !== "." && path !== ".." && !/[/\\:\0]/.test(path)) return path;
  throw damagedTfjs(
    `it names the weight file ${JSON.stringify(path)}, which is not a plain file name beside model.json`,
  );
}
