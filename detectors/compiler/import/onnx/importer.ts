import { ModelError } from "../../../errors.ts";
import { buildGraph } from "../../graph/builder.ts";
import type { ImageSize, ImportedModel } from "../../graph/graph.ts";
import { checkSize, retype } from "../../graph/retype.ts";
import { ShapeError } from "../../ops/shapes.ts";
import { damagedOnnx } from "../errors.ts";
import { showNode } from "./attributes.ts";
import { importBody } from "./body.ts";
import type { BodyContext, BodyValue } from "./body-value.ts";
import { type CutGraph, cutAtHeads } from "./cut.ts";
import { createInterpreter } from "./interpreter.ts";
import { readLabels } from "./labels.ts";
import { type NdArray, readTensor, zeros } from "./nd-array.ts";
import { readOnnx } from "./read-onnx.ts";
import type { OnnxGraph, OnnxModel, OnnxNode } from "./schema.ts";
import { refuseUnsupported } from "./survey.ts";
import { type Head, recogniseDetect } from "./yolov5-head.ts";

/** How to import an ONNX model. */
export interface OnnxOptions {
  /** The model's name. */
  readonly name: string;
  /** Size of the input. Default: that of the export, or 640×640 where the export leaves it open. */
  readonly size?: ImageSize;
}

/** The supported operator sets. */
const OPSETS = { least: 11, most: 18 } as const;
/** YOLOv5's own default. */
const DEFAULT_SIDE = 640;
/** Every YOLOv5 halves its input at least five times. */
const STRIDE = 32;

/**
 * Imports a YOLOv5 detector (v6, v7) from ONNX as export.py writes it, static or dynamic, simplified or not. The network
 * up to its last convolutions is translated. The decode behind them is only recognised and replaced by our own, so the
 * model can be compiled for any input size.
 * @throws ModelError when the file is damaged, has operators that cannot be compiled (it lists all), or another head.
 */
export function importOnnx(bytes: Uint8Array, options: OnnxOptions): ImportedModel {
  const model = readOnnx(bytes);
  const { graph } = model;
  checkOpset(model);
  const cut = cutAtHeads(graph);
  const initializers = new Set(graph.initializer.map(({ name }) => name ?? ""));
  refuseUnsupported(cut, initializers);
  const names = model.metadataProps.find(({ key }) => key === "names")?.value;
  try {
    return build(graph, cut, names, options);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw damagedOnnx(`its nodes do not fit together: ${error.message}`, error);
  }
}

function checkOpset({ opsetImport }: OnnxModel): void {
  const opset = opsetImport.find(({ domain = "" }) => domain === "" || domain === "ai.onnx")?.version;
  if (opset !== undefined && opset >= OPSETS.least && opset <= OPSETS.most) return;
  throw new ModelError(
    `The ONNX model uses operator set ${opset ?? "?"}; ${OPSETS.least} to ${OPSETS.most} are supported.`,
    "Export it again with export.py --opset 13.",
  );
}

function build(
  graph: OnnxGraph,
  cut: CutGraph,
  names: string | undefined,
  { name, size }: OnnxOptions,
): ImportedModel {
  const input = imageInput(graph);
  const inputSize = exportedSize(input, size);
  for (const asked of [inputSize, size ?? inputSize]) checkSize(asked, STRIDE);
  const builder = buildGraph();
  const interpreter = createInterpreter();
  const pixels = builder.image(inputSize.height, inputSize.width);
  // export.py's models leave the division by 255 to the caller.
  const scaled = builder.add("normalize", [pixels], { scale: 1 / 255 }, input.name);
  const values = new Map<string, BodyValue>([[input.name, { kind: "map", name: scaled }]]);
  for (const tensor of graph.initializer) {
    values.set(tensor.name ?? "", { kind: "array", array: readTensor(tensor) });
  }
  const context: BodyContext = { builder, interpreter, values, onlyUser: onlyUsers(graph) };
  importBody(context, cut.body);

  const heads = cut.heads.map((head) => headOf(context, head));
  const detect = recogniseDetect(
    {
      input: inputSize,
      heads,
      tail: cut.tail,
      outputs: graph.output.map((output) => output.name ?? ""),
      values: tailValues(context, cut.tail),
    },
    interpreter,
  );
  const labels = readLabels(names, detect.classes);
  const { scales, classes } = detect;
  const boxes = builder.add(
    "yolov5_detect",
    detect.heads.map(({ map }) => map),
    { scales, classes },
    "detections",
  );
  const imported = builder.finish(boxes);
  return { name, labels, graph: size ? retype(imported, size) : imported };
}

/** The only graph input that is not an initializer (files of IR version 3 list both as inputs). */
function imageInput(graph: OnnxGraph): { name: string; dims: readonly (number | undefined)[] } {
  const initializers = new Set(graph.initializer.map(({ name }) => name));
  const [input, ...more] = graph.input.filter(({ name }) => !initializers.has(name));
  const dims = input?.type?.tensorType?.shape?.dim.map(({ dimValue }) => dimValue);
  const [batch, channels] = dims ?? [];
  if (!input?.name || more.length > 0 || dims?.length !== 4 || (channels !== undefined && channels !== 3)) {
    const seen = graph.input.map(({ name, type }) => {
      const sizes = type?.tensorType?.shape?.dim.map(({ dimValue, dimParam }) => dimValue ?? dimParam ?? "?");
      return `"${name}" [${sizes?.join(", ") ?? ""}]`;
    });
    throw new ModelError(
      `Expected an ONNX model with one input [1, 3, height, width], received ${seen.slice(0, 8).join(", ") || "none"}.`,
      "Export a YOLOv5 detection model with its own export.py.",
    );
  }
  if (batch !== undefined && batch > 1) {
    throw new ModelError(
      `The ONNX model has a batch size of ${batch}; only a batch size of 1 can be compiled.`,
      "Export it again with --batch-size 1.",
    );
  }
  return { name: input.name, dims };
}

/** The size of the export. A side that the file leaves open (0 or a name) gets the requested size. */
function exportedSize(
  { dims: [, , height, width] }: { readonly dims: readonly (number | undefined)[] },
  requested?: ImageSize,
): ImageSize {
  return {
    height: height || (requested?.height ?? DEFAULT_SIDE),
    width: width || (requested?.width ?? DEFAULT_SIDE),
  };
}

/** For each value, its only user; undefined when it has several or is a graph output. */
function onlyUsers({ node: nodes, output }: OnnxGraph): (value: string) => OnnxNode | undefined {
  const users = new Map<string, OnnxNode | undefined>(output.map(({ name }) => [name ?? "", undefined]));
  for (const node of nodes)
    for (const value of node.input) users.set(value, users.has(value) ? undefined : node);
  return (value) => users.get(value);
}

function headOf({ builder, values }: BodyContext, node: OnnxNode): Head {
  const value = node.output[0] ?? "";
  const found = values.get(value);
  if (found?.kind !== "map") throw damagedOnnx(`${showNode(node)} does not produce a feature map`);
  const [height = 0, width = 0, channels = 0] = builder.typeOf(found.name).shape;
  return { value, map: found.name, height, width, channels };
}

/** The other values that the tail may use: known numbers. Of feature maps (for example the input) only the shape counts. */
function tailValues({ builder, values }: BodyContext, tail: readonly OnnxNode[]): Map<string, NdArray> {
  const arrays = new Map<string, NdArray>();
  for (const name of new Set(tail.flatMap(({ input }) => input))) {
    const value = values.get(name);
    if (value?.kind === "array") arrays.set(name, value.array);
    if (value?.kind !== "map") continue;
    const [height = 0, width = 0, channels = 0] = builder.typeOf(value.name).shape;
    arrays.set(name, zeros("float", [1, channels, height, width]));
  }
  return arrays;
}
