import { FLOAT_MAP_FACTS, type OperatorDefinition } from "./operator.ts";
import { checkInputCount, ShapeError, showType, tensorAt } from "./shapes.ts";

/** Factor of every byte. */
export interface NormalizeAttributes {
  readonly scale: number;
}

/** Bytes to floats times `scale` (YOLOv5 divides pixels by 255): u8 [h, w, 3] → f32 [h, w, 3]. */
export const normalize: OperatorDefinition<NormalizeAttributes> = {
  ...FLOAT_MAP_FACTS,
  // The stem reads the three channels of all pixels in a kernel row as one contiguous run.
  writes: "contiguous",
  infer(inputs) {
    checkInputCount(inputs, 1, 1);
    const [type] = inputs;
    if (type?.dtype !== "u8" || type.shape.length !== 3) {
      throw new ShapeError(
        `input 0: expected u8 [height, width, channels], received ${type ? showType(type) : "nothing"}`,
      );
    }
    return { dtype: "f32", shape: type.shape };
  },
  reference(inputs, { scale }) {
    const x = tensorAt(inputs, 0);
    return { shape: x.shape, data: Float32Array.from(x.data, (value) => value * scale) };
  },
};
