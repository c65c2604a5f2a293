import { InferenceSession, Tensor } from "onnxruntime-node";
import sharp from "sharp";
import type { CompiledModel } from "../../detectors/compiler/compile.ts";
import type { Tensor as ReferenceTensor } from "../../detectors/compiler/ops/operator.ts";
import { withInputSize } from "./onnx-outputs.ts";

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** A photograph scaled into the picture with grey bars, RGB. */
export async function loadPicture(path: string, { width, height }: PictureSize): Promise<Uint8Array> {
  const resized = sharp(path).rotate().resize(width, height, { fit: "contain", background: "#727272" });
  return resized.removeAlpha().toColourspace("srgb").raw().toBuffer();
}

/** onnxruntime's answer to a picture: the head convolutions' logits, NHWC, finest scale first. */
export async function openOnnxruntimeBody(
  onnx: Uint8Array,
  size: PictureSize,
): Promise<(picture: Uint8Array) => Promise<ReferenceTensor[]>> {
  const session = await InferenceSession.create(withInputSize(onnx, size));
  const [input = ""] = session.inputNames;
  return async (picture) => {
    const nchw = new Tensor("float32", toNchw(picture, size), [1, 3, size.height, size.width]);
    const outputs = await session.run({ [input]: nchw });
    return session.outputNames.map((name) => {
      const { dims, data } = outputs[name] ?? {};
      if (dims === undefined || !(data instanceof Float32Array)) throw new Error(`${name} is not f32`);
      return toNhwc(data, dims);
    });
  };
}

/** Our answer: logits in the same form, and the detections. */
export interface ModuleAnswer {
  readonly logits: readonly ReferenceTensor[];
  readonly detections: readonly {
    readonly box: readonly number[];
    readonly score: number;
    readonly label: number;
  }[];
}

/** Instantiates a compiled model by its library door; logits are to be looked at where it was compiled to keep them. */
export async function openModule(
  model: CompiledModel,
): Promise<(picture: Uint8Array, thresholds: { score: number; iou: number }) => ModuleAnswer> {
  const refuse = () => {
    throw new Error("the library door must not call the host");
  };
  const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(Uint8Array.from(model.bytes)), {
    wasi_snapshot_preview1: { fd_read: refuse, fd_write: refuse, proc_exit: refuse },
  });
  const { memory, frame, detections, infer } = exports;
  if (
    !(memory instanceof WebAssembly.Memory) ||
    !(frame instanceof WebAssembly.Global) ||
    !(detections instanceof WebAssembly.Global) ||
    typeof infer !== "function"
  ) {
    throw new Error("the module lacks an export of its library door");
  }
  const floats = new Float32Array(memory.buffer);
  const words = new Uint32Array(memory.buffer);
  const head = model.graph.nodes.at(-1);
  const heads = head?.inputs ?? [];
  const hasLogits = head?.op !== "yolov5_sparse_detect";
  return (picture, { score, iou }) => {
    new Uint8Array(memory.buffer).set(picture, frame.value);
    const count = Number(Reflect.apply(infer, undefined, [score, iou]));
    const rows = Array.from({ length: count }, (_, row) => (detections.value + 24 * row) >> 2);
    return {
      logits: hasLogits ? heads.map((head) => readMap(model, floats, head)) : [],
      detections: rows.map((at) => ({
        box: [...floats.subarray(at, at + 4)],
        score: floats[at + 4] ?? Number.NaN,
        label: words[at + 5] ?? -1,
      })),
    };
  };
}

function readMap({ graph, plan }: CompiledModel, floats: Float32Array, value: string): ReferenceTensor {
  const placement = plan.placements.get(value);
  const shape = graph.values.get(value)?.shape ?? [];
  const [height = 0, width = 0, channels = 0] = shape;
  if (placement === undefined) throw new Error(`${value} has no place in memory`);
  const data = new Float32Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (placement.address + y * placement.rowBytes + x * placement.pixelBytes) >> 2;
      data.set(floats.subarray(at, at + channels), (y * width + x) * channels);
    }
  }
  return { shape, data };
}

/** RGB bytes, row by row → floats from 0 to 1, plane by plane: what YOLOv5's ONNX models take. */
export function toNchw(picture: Uint8Array, { width, height }: PictureSize): Float32Array {
  const plane = width * height;
  return Float32Array.from({ length: 3 * plane }, (_, index) => {
    const channel = Math.floor(index / plane);
    return (picture[(index % plane) * 3 + channel] ?? 0) / 255;
  });
}

function toNhwc(data: Float32Array, dims: readonly number[]): ReferenceTensor {
  const [, channels = 0, height = 0, width = 0] = dims;
  const plane = height * width;
  const nhwc = new Float32Array(data.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < plane; pixel++) {
      nhwc[pixel * channels + channel] = data[channel * plane + pixel] ?? Number.NaN;
    }
  }
  return { shape: [height, width, channels], data: nhwc };
}
