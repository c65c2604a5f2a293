/** Checkpoints of other programs and with other heads are named; trust is the question only where classes are unknown. */
import { describe, expect, test } from "vitest";
import type { ModelError } from "../../../../../../detectors/errors.ts";
import { from, type SyntheticYolov5, writeCheckpoint } from "../../../../../support/models/checkpoint.ts";
import { importCheckpoint } from "../../../../../support/models/import-detector.ts";
import { call, dict, global, type PyValue } from "../../../../../support/models/pickler.ts";
import { torchModule, torchWriter } from "../../../../../support/models/torch-checkpoint.ts";
import { rejection } from "../rejection.ts";

function refusalOf(root: PyValue): Promise<ModelError> {
  return rejection(importCheckpoint(torchWriter().save(root), { name: "x" }));
}

function model(className: string, attributes: Readonly<Record<string, PyValue>> = {}): PyValue {
  return dict({ model: torchModule(className, { attributes }) });
}

/** A bound method, as YOLOv5's segmentation head and Ultralytics' models pickle it. */
const method = call("__builtin__.getattr", global("models.yolo.Detect"), "forward");

describe("a checkpoint names its family", () => {
  test.each<
    [className: string, attributes: Readonly<Record<string, PyValue>>, message: RegExp, remedy: RegExp]
  >([
    [
      "models.yolo.SegmentationModel",
      { method },
      /is a YOLOv5 segmentation model: segmentation is not/,
      /export\.py/,
    ],
    ["models.yolo.ClassificationModel", { method }, /is a YOLOv5 classification model: class/, /export\.py/],
    [
      "ultralytics.nn.tasks.SegmentationModel",
      { method, yaml: dict({ yaml_file: "/home/me/yolov8n-seg.yaml" }) },
      /is an Ultralytics segmentation model \(yolov8n-seg\): its layers are not supported yet/,
      /yolo export model=/,
    ],
    ["ultralytics.nn.tasks.WorldModel", {}, /is an Ultralytics model: its layers/, /yolo export model=/],
    ["torchvision.models.resnet.ResNet", {}, /is a model of torchvision/, /torch\.onnx\.export/],
    ["transformers.models.bert.modeling_bert.BertModel", {}, /Hugging Face/, /optimum-cli/],
  ])("of %s", async (className, attributes, message, remedy) => {
    const error = await refusalOf(model(className, attributes));
    expect(error.message).toMatch(message);
    expect(error.remedy).toMatch(remedy);
    expect(error.message).not.toContain("Nothing was run");
  });

  test("of YOLOv7, with the layers that are missing", async () => {
    const network: SyntheticYolov5["network"] = ({ conv, detect }) => [
      from(-1, conv(3, 4, 3, 8)),
      from(-1, torchModule("models.common.SPPCSPC")),
      from([1], detect([4], 3, [[[8, 8]]])),
    ];
    const error = await rejection(importCheckpoint(writeCheckpoint({ network }), { name: "x" }));
    expect(error.message).toMatch(
      /is a YOLOv7 model, .*layers that cannot be compiled:\n {2}models\.common\.SPPCSPC: 1 layer/,
    );
    expect(error.remedy).toContain("YOLOv7's export.py");
  });

  test("but unknown classes are a question of trust, in any family", async () => {
    const error = await refusalOf(
      model("ultralytics.nn.tasks.DetectionModel", { method, evil: call("posix.system", "true") }),
    );
    expect(error.message).toMatch(/posix\.system, .*Nothing was run|posix\.system.*Nothing was run/);
  });

  test("and a bound method alone is no family", async () => {
    expect((await refusalOf(model("models.yolo.Model", { method }))).message).toContain(
      "__builtin__.getattr",
    );
  });
});

describe("weights without layers are named by", () => {
  const weights = (name: string): PyValue => dict({ [name]: 0 });

  test.each<[what: string, root: PyValue, message: RegExp]>([
    [
      "YOLOX",
      dict({ model: weights("head.stems.0.conv.weight"), start_epoch: 300 }),
      /only weights of YOLOX/,
    ],
    ["NanoDet", dict({ state_dict: weights("model.head.gfl_cls.0.weight") }), /only weights of NanoDet/],
    ["YOLO", weights("model.0.conv.weight"), /only weights of a YOLO model/],
    ["ResNet", weights("layer1.0.conv1.weight"), /only weights of a ResNet/],
    ["nothing that is known", weights("linear.weight"), /contains only weights \(a state dict\)/],
  ])("%s", async (_, root, message) => {
    const error = await refusalOf(root);
    expect(error.message).toMatch(message);
    expect(error.remedy).toMatch(/ONNX/i);
  });
});
