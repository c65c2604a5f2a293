import { ModelError } from "../../../errors.ts";
import type { ImportedDetector } from "../../graph/graph.ts";
import { ShapeError } from "../../ops/shapes.ts";
import type { DetectorOptions, FileModel, Importer } from "../importer.ts";
import { buildYolov5 } from "./architecture.ts";
import { bareStateDict } from "./origin.ts";
import { unpickle } from "./pickle.ts";
import { describeValue, PickleObject, type PickleValue } from "./pickle-value.ts";
import { openTorchArchive, type TorchArchive } from "./torch-archive.ts";
import { child, malformed, readModule, type TorchModule } from "./torch-module.ts";
import { TENSOR_GLOBALS } from "./torch-tensor.ts";

/** YOLOv5's own default. */
const DEFAULT_SIZE = { width: 640, height: 640 };

/** YOLOv5 checkpoints (`.pt`, as train.py of v5 to v7 saves them). Nothing of them is run. */
export const checkpointImporter: Importer = {
  format: "yolov5-checkpoint",
  // A zip archive, or a pickle of protocol 2 and later: a checkpoint of torch before 1.6, for which `read` has a remedy.
  matches: (main, extension) =>
    (main[0] === 0x50 && main[1] === 0x4b) || main[0] === 0x80 || extension === ".pt",
  companions: () => [],
  async read({ main }): Promise<FileModel> {
    const archive = await openTorchArchive(main);
    const model = findModel(unpickle(archive.pickle, isYolov5Global));
    return {
      origin: undefined,
      detector: (options) => importDetector(archive, model, options),
      tensors() {
        throw new ModelError(
          "A checkpoint holds a detector without inputs and outputs of its own: it cannot be compiled with --task tensor.",
          "Compile it without --task, or export it to ONNX (export.py --include onnx) and compile that with --task tensor.",
        );
      },
    };
  },
};

/** @throws ModelError when it has layers that cannot be compiled (it lists all), or they do not fit together. */
function importDetector(
  archive: TorchArchive,
  model: TorchModule,
  { name, size = DEFAULT_SIZE }: DetectorOptions,
): ImportedDetector {
  const layers = child(model, "model");
  try {
    const { graph, classes } = buildYolov5(archive, { ...layers, place: "model" }, size);
    return { task: "detect", name, labels: readLabels(model, classes), graph };
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw malformed("model", `its layers do not fit together: ${error.message}`);
  }
}

/** train.py stores the averaged weights, which validation uses, as `ema`; strip_optimizer moves them to `model`. */
function findModel(root: PickleValue): TorchModule {
  if (root instanceof PickleObject) return readModule(root, "root");
  if (!(root instanceof Map)) throw malformed("root", `expected a dict, received ${describeValue(root)}`);
  for (const key of ["ema", "model"]) {
    const value = root.get(key);
    if (value instanceof PickleObject) return readModule(value, key);
  }
  throw bareStateDict(root);
}

/** `names` is a list, or since v7.0 a dict from index to name. */
function readLabels(model: TorchModule, classes: number): string[] {
  const names = model.attributes.get("names");
  const list =
    names instanceof Map ? Array.from({ length: names.size }, (_, index) => names.get(index)) : names;
  if (!Array.isArray(list))
    throw malformed("names", `expected a list or a dict, received ${describeValue(names)}`);
  if (list.length !== classes) {
    throw malformed("names", `expected ${classes} labels, one per class, received ${list.length}`);
  }
  return list.map((label, index) => {
    if (typeof label === "string" && label.trim() !== "") return label;
    if (typeof label === "number") return String(label);
    throw malformed("names", `expected a string for class ${index}, received ${describeValue(label)}`);
  });
}

/**
 * What a checkpoint of train.py contains besides modules and tensors: containers, numpy scalars in the training results,
 * and paths in the options. They all stay records, so a Windows path is no problem on Linux.
 */
const PLAIN_GLOBALS: ReadonlySet<string> = new Set([
  ...TENSOR_GLOBALS,
  "collections.OrderedDict",
  "__builtin__.set",
  "builtins.set",
  "torch.Size",
  "torch.device",
  "numpy.core.multiarray.scalar",
  "numpy._core.multiarray.scalar",
  "numpy.dtype",
  "_codecs.encode",
  "pathlib.PosixPath",
  "pathlib.WindowsPath",
  // Python 3.13 and later.
  "pathlib._local.PosixPath",
  "pathlib._local.WindowsPath",
]);

/** Python modules whose classes are layers. `refuseUnsupported` reports unsupported layers later, with their places. */
const LAYER_MODULES: readonly string[] = [
  "torch.nn.modules.",
  "models.common.",
  "models.experimental.",
  "models.yolo.",
  "utils.activations.",
];

/** Whether a YOLOv5 checkpoint needs this class or function (and a call of it with `args`). */
function isYolov5Global(name: string, args?: readonly PickleValue[]): boolean {
  // Model.fuse() sets conv.forward = conv.forward_fuse, a bound method, which is pickled as getattr(conv, "forward_fuse").
  if (name === "builtins.getattr" || name === "__builtin__.getattr") {
    return args === undefined || (args[0] instanceof PickleObject && args[1] === "forward_fuse");
  }
  return PLAIN_GLOBALS.has(name) || LAYER_MODULES.some((prefix) => name.startsWith(prefix));
}
