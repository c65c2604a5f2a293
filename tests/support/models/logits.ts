import { InferenceSession, Tensor } from "onnxruntime-node";
import sharp from "sharp";
import type { ImageSize } from "../../../detectors/compiler/graph/graph.ts";

import type { Tensor as ReferenceTensor } from "../../../detectors/compiler/graph/value.ts";
import { withInputSize } from "./onnx-outputs.ts";

/** A photograph, scaled to the input size with grey bars, RGB. */
export async function loadImage(path: string, { width, height }: ImageSize): Promise<Uint8Array> {
  const resized = sharp(path).rotate().resize(width, height, { fit: "contain", background: "#727272" });
  return resized.removeAlpha().toColourspace("srgb").raw().toBuffer();
}

/** onnxruntime's answer to an image: the head convolutions' logits, NHWC, finest scale first. */
export async function openOnnxruntimeBody(
  onnx: Uint8Array,
  size: ImageSize,
): Promise<(image: Uint8Array) => Promise<ReferenceTensor[]>> {
  const session = await InferenceSession.create(withInputSize(onnx, size));
  const [input = ""] = session.inputNames;
  return async (image) => {
    const nchw = new Tensor("float32", toNchw(image, size), [1, 3, size.height, size.width]);
    const outputs = await session.run({ [input]: nchw });
    return session.outputNames.map((name) => {
      const { dims, data } = outputs[name] ?? {};
      if (dims === undefined || !(data instanceof Float32Array)) throw new Error(`${name} is not f32`);
      return toNhwc(data, dims);
    });
  };
}

/** RGB bytes, row by row → floats from 0 to 1, plane by plane: what YOLOv5's ONNX models take. */
export function toNchw(image: Uint8Array, { width, height }: ImageSize): Float32Array {
  const plane = width * height;
  return Float32Array.from({ length: 3 * plane }, (_, index) => {
    const channel = Math.floor(index / plane);
    return (image[(index % plane) * 3 + channel] ?? 0) / 255;
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
