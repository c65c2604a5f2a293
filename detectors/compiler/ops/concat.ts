import { FLOAT_MAP_FACTS, type NoAttributes, type OperatorDefinition } from "./operator.ts";
import {
  checkInputCount,
  dtypeAt,
  elements,
  featureMap,
  mapSize,
  ShapeError,
  STORED_TYPES,
  tensorAt,
} from "./shapes.ts";

/** ONNX Concat-13 along channels: [h, w, c₁], [h, w, c₂], … → [h, w, c₁ + c₂ + …]. */
export const concat: OperatorDefinition<NoAttributes> = {
  ...FLOAT_MAP_FACTS,
  writes: "joined",
  integers: "moves",
  infer(inputs) {
    checkInputCount(inputs, 1, Infinity);
    const [height, width] = featureMap(inputs, 0, STORED_TYPES);
    const channels = inputs.map((_, index) => {
      const [otherHeight, otherWidth, count] = featureMap(inputs, index, [dtypeAt(inputs, 0)]);
      if (otherHeight !== height || otherWidth !== width) {
        throw new ShapeError(
          `input ${index}: expected ${height} rows of ${width} pixels like input 0, received ${otherHeight} of ${otherWidth}`,
        );
      }
      return count;
    });
    return {
      dtype: dtypeAt(inputs, 0),
      shape: [height, width, channels.reduce((sum, count) => sum + count, 0)],
    };
  },
  reference(inputs) {
    const [height, width] = mapSize(tensorAt(inputs, 0));
    const channels = inputs.reduce((sum, input) => sum + mapSize(input)[2], 0);
    const shape = [height, width, channels];
    const y = new Float32Array(elements(shape));
    let offset = 0;
    for (const { data, shape: inputShape } of inputs) {
      const own = inputShape[2] ?? 1;
      for (let pixel = 0; pixel < height * width; pixel++) {
        y.set(data.subarray(pixel * own, (pixel + 1) * own), pixel * channels + offset);
      }
      offset += own;
    }
    return { shape, data: y };
  },
};
