import { type EnlargeAttributes, inferEnlarged } from "./enlarge.ts";
import { FLOAT_MAP_FACTS, type OperatorDefinition } from "./operator.ts";
import { elements, mapSize, STORED_TYPES, tensorAt } from "./shapes.ts";

/** ONNX Resize-13, mode nearest, asymmetric, floor, by an integer factor: every pixel becomes factor × factor pixels. */
export const upsample: OperatorDefinition<EnlargeAttributes> = {
  ...FLOAT_MAP_FACTS,
  stride: ({ factor }) => 1 / factor,
  integers: "moves",
  infer: (inputs, attributes) => inferEnlarged(inputs, attributes, STORED_TYPES),
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
