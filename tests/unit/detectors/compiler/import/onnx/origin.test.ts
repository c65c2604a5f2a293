import { expect, test } from "vitest";
import { onnxOrigin } from "../../../../../../detectors/compiler/import/onnx/origin.ts";
import type { OnnxModel, OnnxValueInfo } from "../../../../../../detectors/compiler/import/onnx/schema.ts";
import { describeOrigin } from "../../../../../../detectors/compiler/import/origin/model-origin.ts";

type Tensors = Readonly<Record<string, readonly number[]>>;

interface Written {
  readonly inputs?: Tensors;
  readonly outputs?: Tensors;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly producer?: string;
  readonly domain?: string;
}

function infos(tensors: Tensors): OnnxValueInfo[] {
  return Object.entries(tensors).map(([name, shape]) => ({
    name,
    type: { tensorType: { elemType: 1, shape: { dim: shape.map((dimValue) => ({ dimValue })) } } },
  }));
}

function model({ inputs = {}, outputs = {}, metadata = {}, producer = "", domain = "" }: Written): OnnxModel {
  const node = { opType: "Some", domain, input: [], output: ["y"], attribute: [] };
  const graph = { node: [node], initializer: [], sparseInitializer: [], valueInfo: [] };
  return {
    producerName: producer,
    producerVersion: "1.9",
    graph: { ...graph, input: infos(inputs), output: infos(outputs) },
    opsetImport: [],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  };
}

const image = (side: number): Tensors => ({ images: [1, 3, side, side] });
const ULTRALYTICS = {
  author: "Ultralytics",
  description: "Ultralytics YOLOv8n-seg model trained on coco",
  task: "segment",
};

test.each<[written: Written, sentence: string]>([
  [
    { metadata: ULTRALYTICS },
    "This is an Ultralytics segmentation model (YOLOv8n-seg): segmentation is not supported yet.",
  ],
  [{ metadata: { ...ULTRALYTICS, task: "detect" } }, "This is an Ultralytics detection model (YOLOv8n-seg)."],
  [{ metadata: { author: "Ultralytics", task: "constructor" } }, "This is an Ultralytics model."],
  [
    {
      metadata: { stride: "32", names: "{}" },
      outputs: { output0: [1, 25200, 117], output1: [1, 32, 160, 160] },
    },
    "This is a YOLOv5 segmentation model: segmentation is not supported yet.",
  ],
  [
    { metadata: { stride: "32", names: "{}" }, outputs: { output0: [1, 1000] } },
    "This is a YOLOv5 classification model: classification is not supported yet.",
  ],
  [
    { metadata: { stride: "32", names: "{}" }, outputs: { output0: [1, 25200, 85] } },
    "This is a YOLOv5 model.",
  ],
  [{ inputs: image(416), outputs: { output: [1, 3549, 85] } }, "This is a YOLOX detector."],
  [
    { inputs: image(416), outputs: { output: [1, 10647, 85] }, producer: "pytorch" },
    "This is an ONNX model, written by PyTorch 1.9.",
  ],
  [
    { outputs: { cls_pred_stride_8: [1, 2704, 80], dis_pred_stride_8: [1, 2704, 32] } },
    "This is a NanoDet detector.",
  ],
  [
    {
      producer: "PaddlePaddle",
      outputs: Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`${at}`, [1, 9, at < 4 ? 80 : 32]])),
    },
    "This is a PicoDet detector of PaddleDetection.",
  ],
  [{ outputs: { cls_8: [], obj_8: [], bbox_8: [], kps_8: [] } }, "This is a YuNet face detector."],
  [
    { outputs: { scores: [1, 4420, 2], boxes: [1, 4420, 4] } },
    "This is a face detector with the priors of SSD, as UltraFace exports it.",
  ],
  [
    // Open sizes are 0, and no grid has that many cells.
    { inputs: { input_ids: [0, 0], attention_mask: [0, 0] }, outputs: { last_hidden_state: [0, 0, 384] } },
    "This is a text model (a transformer).",
  ],
  [{}, "This is an ONNX model."],
])("%j", (written, sentence) => {
  expect(describeOrigin(onnxOrigin(model(written)))).toBe(sentence);
});

test.each<[what: string, written: Written, remedy: RegExp]>([
  ["onnxruntime's own operators", { domain: "com.microsoft" }, /before onnxruntime's optimiser/],
  ["classical machine learning", { domain: "ai.onnx.ml" }, /classical machine learning/],
  ["an end-to-end head", { metadata: { ...ULTRALYTICS, end2end: "True" } }, /end2end=False/],
])("the remedy fits %s", (_, written, remedy) => {
  expect(onnxOrigin(model(written)).remedy).toMatch(remedy);
});
