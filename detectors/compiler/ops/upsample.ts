import {
  checkInputCount,
  elements,
  featureMap,
  mapSize,
  type OperatorDefinition,
  ShapeError,
  tensorAt,
} from "./operator.ts";

/** ONNX Resize-13, mode nearest, asymmetric, floor, by one whole factor: every pixel becomes factor × factor pixels. */
export const upsample: OperatorDefinition<"upsample"> = {
  infer(inputs, { factor }) {
    checkInputCount(inputs, 1, 1);
    const [height, width, channels] = featureMap(inputs, 0);
    if (!Number.isSafeInteger(factor) || factor < 1) {
      throw new ShapeError(`factor must be a positive integer, received ${factor}`);
    }
    return { dtype: "f32", shape: [height * factor, width * factor, channels] };
  },
  reference(inputs, { factor }) {
    const x = tensorAt(inputs, 0);
    const [height, width, channels] = mapSize(x);
    const shape = [height * factor, width * factor, channels];
    const y = new Float32Array(elements(shape));
    for (let row = 0; row < height * factor; row++) {
      for (let column = 0; column < width * factor; column++) {
        const from = (Math.floor(row / factor) * width + Math.floor(column / factor)) * channels;
        y.set(x.data.subarray(from, from + channels), (row * width * factor + column) * channels);
      }
    }
    return { shape, data: y };
  },
};
