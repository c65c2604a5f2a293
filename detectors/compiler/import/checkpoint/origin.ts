/** What a checkpoint says of itself: by the classes that its pickle names, and by the names of its weights. */
import { ModelError } from "../../../errors.ts";
import { foreignClasses } from "../errors.ts";
import { type TaskName, ultralyticsModel } from "../origin/ultralytics.ts";
import { PickleObject, type PickleValue } from "./pickle-value.ts";

/** A program whose checkpoints are not compiled. */
export interface Family {
  /** Classes that only its models use. */
  readonly classes: RegExp;
  readonly what: string;
  readonly remedy: string;
}

const WITH_TORCH = "Export it to ONNX in Python (torch.onnx.export), and compile the ONNX file.";
const YOLOV5_EXPORT =
  "Export it with YOLOv5's export.py --include onnx; the ONNX file can be compiled with its own inputs and outputs.";

const FAMILIES: readonly Family[] = [
  {
    classes: /^models\.yolo\.Segment(ationModel)?$/,
    what: "a YOLOv5 segmentation model: segmentation is not supported yet",
    remedy: YOLOV5_EXPORT,
  },
  {
    classes: /^models\.(yolo\.ClassificationModel|common\.Classify)$/,
    what: "a YOLOv5 classification model: classification is not supported yet",
    remedy: YOLOV5_EXPORT,
  },
  {
    classes: /^models\.(yolo\.I(Aux|Key|)Detect|common\.(SPPCSPC|RepConv|MP|SP|ReOrg|DownC))$/,
    what: "a YOLOv7 model, whose layers are not supported yet",
    remedy: "Export it with YOLOv7's export.py --grid, and compile the ONNX file.",
  },
  {
    classes: /^yolox\./,
    what: "a YOLOX model, whose layers are not supported yet",
    remedy: "Export it with YOLOX's tools/export_onnx.py, and compile the ONNX file.",
  },
  {
    classes: /^nanodet\./,
    what: "a NanoDet model, whose layers are not supported yet",
    remedy: "Export it with NanoDet's tools/export_onnx.py, and compile the ONNX file.",
  },
  { classes: /^torchvision\./, what: "a model of torchvision", remedy: WITH_TORCH },
  { classes: /^timm\./, what: "a model of timm", remedy: WITH_TORCH },
  { classes: /^segmentation_models_pytorch\./, what: "a segmentation model", remedy: WITH_TORCH },
  {
    classes: /^transformers\./,
    what: "a model of Hugging Face's transformers",
    remedy: "Export it to ONNX (optimum-cli export onnx), and compile the ONNX file.",
  },
  {
    classes: /^(mmengine|mmcv|mmdet|mmcls|mmpretrain)\./,
    what: "a model of OpenMMLab",
    remedy: "Export it to ONNX with MMDeploy (tools/deploy.py), and compile the ONNX file.",
  },
  { classes: /^fastai\./, what: "a model of fastai", remedy: WITH_TORCH },
  {
    classes: /^(pytorch_)?lightning\./,
    what: "a checkpoint of PyTorch Lightning",
    remedy: "Export it to ONNX in Python (LightningModule.to_onnx), and compile the ONNX file.",
  },
];

/** Classes of Ultralytics' package by what their models do. */
const ULTRALYTICS: ReadonlyMap<string, TaskName> = new Map([
  ["DetectionModel", "detect"],
  ["SegmentationModel", "segment"],
  ["ClassificationModel", "classify"],
  ["PoseModel", "pose"],
  ["OBBModel", "obb"],
]);

/** Functions that their pickles call, too. */
const CALLED = /^(builtins|__builtin__)\.(getattr|set)$|^argparse\.Namespace$|^functools\.partial$/;

/**
 * The refusal of a checkpoint whose pickle names classes that YOLOv5 detectors do not use: another head or another program
 * where all of them are that program's, else a question of trust.
 * @param classes all classes and functions that the pickle names
 * @param foreign those that YOLOv5 detectors do not use
 */
export function foreignCheckpoint(
  classes: ReadonlySet<string>,
  foreign: ReadonlySet<string>,
  root: PickleValue | undefined,
): ModelError {
  const names = [...classes];
  const isUltralytics = (name: string): boolean => name.startsWith("ultralytics.");
  const ultralytics = names.find((name) => name.startsWith("ultralytics.nn.tasks."));
  const family = familyOf(names);
  const owns = (name: string): boolean =>
    ultralytics === undefined ? family?.classes.test(name) === true : isUltralytics(name);
  const others = [...foreign].filter((name) => !owns(name));
  const isKnown = ultralytics !== undefined || family !== undefined;
  if (!isKnown || !others.every((name) => CALLED.test(name))) return foreignClasses(others);
  if (ultralytics !== undefined) {
    const task = ULTRALYTICS.get(ultralytics.slice("ultralytics.nn.tasks.".length));
    return new ModelError(
      `The checkpoint is ${ultralyticsModel(task, configurationName(root))}: its layers are not supported yet.`,
      "Export it to ONNX (yolo export model=FILE.pt format=onnx), and compile the ONNX file.",
    );
  }
  return new ModelError(`The checkpoint is ${family?.what}.`, family?.remedy ?? WITH_TORCH);
}

/** The family that uses one of these classes; undefined when it is none that is known. */
export function familyOf(classes: readonly string[]): Family | undefined {
  return FAMILIES.find(({ classes: own }) => classes.some((name) => own.test(name)));
}

/** `yolov8n` of the configuration file that Ultralytics' models remember. */
function configurationName(root: PickleValue | undefined): string | undefined {
  const models = root instanceof Map ? [root.get("ema"), root.get("model")] : [];
  for (const model of models) {
    const state = model instanceof PickleObject ? model.state : undefined;
    const configuration = state instanceof Map ? state.get("yaml") : undefined;
    const file = configuration instanceof Map ? configuration.get("yaml_file") : undefined;
    if (typeof file === "string") return file.replace(/^.*[\\/]/, "").replace(/\.ya?ml$/, "");
  }
  return undefined;
}

/** Programs by the names of their models' weights. */
const STATE_DICTS: readonly (readonly [weights: RegExp, what: string, remedy: string])[] = [
  [/^head\.stems\./, "of YOLOX", "Export it with YOLOX's tools/export_onnx.py"],
  [/(^|\.)head\.gfl_cls\./, "of NanoDet", "Export it with NanoDet's tools/export_onnx.py"],
  [
    /^model\.\d+\.(conv|cv1)\./,
    "of a YOLO model",
    "Save the whole model, as train.py does, or export it to ONNX",
  ],
  [/^layer1\.0\.conv1\./, "of a ResNet", "Export the model to ONNX in Python (torch.onnx.export)"],
  [
    /^features\.\d+\./,
    "of a classifier of torchvision",
    "Export the model to ONNX in Python (torch.onnx.export)",
  ],
  [
    /^(bert|distilbert|roberta|encoder\.layer)\./,
    "of a text model",
    "Export it to ONNX (optimum-cli export onnx)",
  ],
];

/** The refusal of a checkpoint that holds only weights. */
export function bareStateDict(root: ReadonlyMap<PickleValue, PickleValue>): ModelError {
  const dicts = [root, root.get("model"), root.get("state_dict"), root.get("ema")];
  const names = dicts.flatMap((dict) => (dict instanceof Map ? [...dict.keys()] : []));
  const found = STATE_DICTS.find(([weights]) =>
    names.some((name) => typeof name === "string" && weights.test(name)),
  );
  const [, of = "", remedy = "Export the model to ONNX with the program that made it"] = found ?? [];
  return new ModelError(
    `The checkpoint contains only weights${of && ` ${of}`} (a state dict): it does not describe how the layers are connected.`,
    `${remedy}, and compile the ONNX file.`,
  );
}
