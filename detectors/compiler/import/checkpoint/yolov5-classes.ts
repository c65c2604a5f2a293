import { PickleObject, type PickleValue } from "./pickle-value.ts";
import { TENSOR_GLOBALS } from "./torch-tensor.ts";

/**
 * What beside modules and tensors a checkpoint of train.py holds: containers, numpy scalars among the results of training,
 * and paths among its options. All of them stay records, so that a path of Windows is no obstacle on Linux.
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

/** Python modules whose classes are layers. One that is not supported is refused later, with its place in the model. */
const LAYER_MODULES: readonly string[] = [
  "torch.nn.modules.",
  "models.common.",
  "models.experimental.",
  "models.yolo.",
  "utils.activations.",
];

/** Whether a YOLOv5 checkpoint has reason to name this class or function (and to call it with `args`). */
export function isYolov5Global(name: string, args?: readonly PickleValue[]): boolean {
  // Model.fuse() sets conv.forward = conv.forward_fuse, a bound method, and that pickles as getattr(conv, "forward_fuse").
  if (name === "builtins.getattr" || name === "__builtin__.getattr") {
    return args === undefined || (args[0] instanceof PickleObject && args[1] === "forward_fuse");
  }
  return PLAIN_GLOBALS.has(name) || LAYER_MODULES.some((prefix) => name.startsWith(prefix));
}
