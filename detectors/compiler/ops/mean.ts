import type { Tensor } from "../graph/value.ts";
import { FLOAT_MAP_FACTS, type NoAttributes, type OperatorDefinition } from "./operator.ts";
import { checkInputCount, featureMap, mapSize, tensorAt } from "./shapes.ts";

/** ONNX GlobalAveragePool-1 (TensorFlow Mean over height and width): the average of each channel. */
export const mean: OperatorDefinition<NoAttributes> = {
  ...FLOAT_MAP_FACTS,
  stride: () => 0,
  infer(inputs) {
    checkInputCount(inputs, 1, 1);
    return { dtype: "f32", shape: [1, 1, featureMap(inputs, 0)[2]] };
  },
  reference(inputs): Tensor {
    const x = tensorAt(inputs, 0);
    const [height, width, channels] = mapSize(x);
    const data = Float32Array.from({ length: channels }, (_, channel) => {
      let sum = 0;
      for (let at = channel; at < x.data.length; at += channels) sum += x.data[at] ?? 0;
      return sum / (height * width);
    });
    return { shape: [1, 1, channels], data };
  },
};
