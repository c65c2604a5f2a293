/** What an ONNX file says of itself: by its metadata, its producer and the names of its inputs and outputs. */
import type { ModelOrigin } from "../origin/model-origin.ts";
import { isTask, taskWithoutHead, ultralyticsModel } from "../origin/ultralytics.ts";
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxValueInfo } from "./schema.ts";
import { isStandard } from "./schema.ts";

interface Tensor {
  readonly name: string;
  /** Open sizes are 0. */
  readonly shape: readonly number[];
}

/** The inputs and outputs of a model. */
interface Ends {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

interface Family extends ModelOrigin {
  readonly matches: (ends: Ends) => boolean;
}

/** Families whose exporters write no metadata, by their inputs and outputs. */
const FAMILIES: readonly Family[] = [
  {
    what: "a NanoDet detector",
    matches: ({ outputs }) => has(outputs, /^cls_pred_stride_\d+$/, /^dis_pred_stride_\d+$/),
  },
  {
    what: "a YuNet face detector",
    matches: ({ outputs }) => has(outputs, /^cls_8$/, /^obj_8$/, /^bbox_8$/, /^kps_8$/),
  },
  {
    what: "a face detector with the priors of SSD, as UltraFace exports it",
    matches: ({ outputs }) => ending(outputs, "scores") === 2 && ending(outputs, "boxes") === 4,
  },
  {
    what: "a detector with the priors of SSD",
    matches: ({ outputs }) => (ending(outputs, "scores") ?? 0) > 2 && ending(outputs, "boxes") === 4,
  },
  {
    what: "a detector of torchvision, with its own non-maximum suppression",
    matches: ({ outputs }) => has(outputs, /^boxes$/, /^labels$/, /^scores$/),
  },
  {
    what: "a detector of the family of DETR",
    matches: ({ outputs }) => has(outputs, /^(pred_)?logits$/, /^pred_boxes$/),
  },
  {
    what: "a YOLOX detector",
    matches: ({ inputs: [image], outputs: [boxes, ...more] }) =>
      more.length === 0 &&
      (boxes?.shape[2] ?? 0) > 5 &&
      cellsOf(image) === boxes?.shape[1] &&
      cellsOf(image) > 0,
  },
  {
    what: "a text model (a transformer)",
    matches: ({ inputs }) => has(inputs, /^input_ids$/, /^attention_mask$/),
  },
  {
    what: "Silero's voice activity detector",
    matches: ({ inputs }) => has(inputs, /^input$/, /^sr$/, /^(state|h)$/),
  },
];

/** PicoDet's exporter (PaddleDetection) leaves the names of PaddlePaddle's own tensors. */
const PICODET: Family = {
  what: "a PicoDet detector of PaddleDetection",
  matches: ({ outputs }) => outputs.length === 8 && outputs.slice(4).every(({ shape }) => shape[2] === 32),
};

/** Exporters by their `producer_name`. */
const PRODUCERS: ReadonlyMap<string, string> = new Map([
  ["pytorch", "PyTorch"],
  ["tf2onnx", "tf2onnx (TensorFlow)"],
  ["keras2onnx", "keras2onnx"],
  ["skl2onnx", "scikit-learn (skl2onnx)"],
  ["OnnxMLTools", "OnnxMLTools"],
  ["CoreMLTools", "Core ML Tools"],
  ["paddle2onnx", "PaddlePaddle"],
  ["onnx.quantize", "onnxruntime's quantiser"],
]);

/** What is known of a file's family, task and tool. */
export function onnxOrigin(model: OnnxModel): ModelOrigin {
  const metadata = new Map(model.metadataProps.map(({ key = "", value = "" }) => [key, value]));
  const ends = endsOf(model.graph);
  if (metadata.get("author") === "Ultralytics") return ultralytics(metadata);
  // YOLOv5's export.py writes these two since v6.
  if (metadata.has("stride") && metadata.has("names")) return yolov5(ends);
  const family = [...FAMILIES, ...(isPaddle(model) ? [PICODET] : [])].find(({ matches }) => matches(ends));
  if (family !== undefined) return family;
  return { what: `an ONNX model${exporterOf(model)}`, remedy: remedyFor(model.graph?.node ?? []) };
}

function ultralytics(metadata: ReadonlyMap<string, string>): ModelOrigin {
  const task = metadata.get("task");
  const name = /^Ultralytics (\S+)/.exec(metadata.get("description") ?? "")?.[1];
  const known = isTask(task) ? task : undefined;
  // The end-to-end head picks the best boxes by TopK inside the network.
  const remedy =
    metadata.get("end2end") === "True"
      ? "Export it without its end-to-end head: yolo export model=FILE.pt format=onnx end2end=False"
      : undefined;
  return { what: ultralyticsModel(known, name), task: taskWithoutHead(known), remedy };
}

function yolov5({ outputs }: Ends): ModelOrigin {
  const [first, second] = outputs;
  if (first?.shape.length === 2) return { what: "a YOLOv5 classification model", task: "classification" };
  if (second?.shape.length === 4) return { what: "a YOLOv5 segmentation model", task: "segmentation" };
  return {
    what: "a YOLOv5 model",
    headRemedy:
      "Export the detector again with YOLOv5's own export.py, v6.0 to v7.0, without --nms and --int8.",
  };
}

function exporterOf({ producerName = "", producerVersion = "" }: OnnxModel): string {
  const producer = PRODUCERS.get(producerName) ?? producerName;
  return producer === ""
    ? ""
    : `, written by ${[producer, producerVersion].filter((text) => text !== "").join(" ")}`;
}

/** Tools behind the exporter that write operators of their own. */
function remedyFor(nodes: readonly OnnxNode[]): string | undefined {
  const domains = new Set(nodes.filter((node) => !isStandard(node)).map(({ domain }) => domain));
  if (domains.has("com.microsoft")) {
    return "Compile the file as it was before onnxruntime's optimiser or quantiser, which wrote the operators of com.microsoft.";
  }
  if (domains.has("ai.onnx.ml")) {
    return "Models of classical machine learning (ai.onnx.ml: trees, vectorisers) are not compiled; export only the part that computes with tensors.";
  }
  return undefined;
}

function isPaddle({ producerName = "" }: OnnxModel): boolean {
  return /paddle/i.test(producerName);
}

function endsOf(graph: OnnxGraph | undefined): Ends {
  const known = new Set((graph?.initializer ?? []).map(({ name }) => name));
  const inputs = (graph?.input ?? []).filter(({ name }) => !known.has(name));
  return { inputs: inputs.map(tensorOf), outputs: (graph?.output ?? []).map(tensorOf) };
}

function tensorOf({ name = "", type }: OnnxValueInfo): Tensor {
  return { name, shape: (type?.tensorType?.shape?.dim ?? []).map(({ dimValue = 0 }) => dimValue) };
}

/** Whether each pattern names a tensor. */
function has(tensors: readonly Tensor[], ...patterns: readonly RegExp[]): boolean {
  return patterns.every((pattern) => tensors.some(({ name }) => pattern.test(name)));
}

/** The last size of the tensor of this name. */
function ending(tensors: readonly Tensor[], wanted: string): number | undefined {
  return tensors.find(({ name }) => name === wanted)?.shape.at(-1);
}

/** Cells at the strides 8, 16 and 32 of an image [1, 3, height, width]: YOLOX has a box for each, YOLOv5 three. */
function cellsOf(image: Tensor | undefined): number {
  const [, , height = 0, width = 0] = image?.shape ?? [];
  return [8, 16, 32].reduce((sum, stride) => sum + (height / stride) * (width / stride), 0);
}
