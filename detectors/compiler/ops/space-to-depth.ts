import { FLOAT_MAP_FACTS, type OperatorDefinition } from "./operator.ts";
import { checkInputCount, dtypeAt, elements, featureMap, mapSize, ShapeError, tensorAt } from "./shapes.ts";

/** Side of a block in pixels. */
export interface SpaceToDepthAttributes {
  readonly block: number;
}

/** TensorFlow SpaceToDepth, NHWC: channel (dy · block + dx) · channels + c is channel c of the block's pixel (dy, dx). */
export const spaceToDepth: OperatorDefinition<SpaceToDepthAttributes> = {
  ...FLOAT_MAP_FACTS,
  stride: ({ block }) => block,
  infer(inputs, { block }) {
    checkInputCount(inputs, 1, 1);
    const [height, width, channels] = featureMap(inputs, 0, ["f32", "u8"]);
    if (!Number.isSafeInteger(block) || block < 1 || height % block !== 0 || width % block !== 0) {
      throw new ShapeError(`blocks of ${block} do not divide ${height}×${width} pixels`);
    }
    return { dtype: dtypeAt(inputs, 0), shape: [height / block, width / block, block * block * channels] };
  },
  reference(inputs, { block }) {
    const x = tensorAt(inputs, 0);
    const [height, width, channels] = mapSize(x);
    const shape = [height / block, width / block, block * block * channels];
    const data = new Float32Array(elements(shape));
    const run = block * channels;
    let at = 0;
    for (let row = 0; row < height / block; row++) {
      for (let column = 0; column < width / block; column++) {
        for (let dy = 0; dy < block; dy++) {
          const from = ((row * block + dy) * width + column * block) * channels;
          data.set(x.data.subarray(from, from + run), at);
          at += run;
        }
      }
    }
    return { shape, data };
  },
};
