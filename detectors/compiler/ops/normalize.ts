import { checkInputCount, type OperatorDefinition, ShapeError, showType, tensorAt } from "./operator.ts";

/** Bytes to floats times `scale` (YOLOv5 divides pixels by 255): u8 [h, w, 3] → f32 [h, w, 3]. */
export const normalize: OperatorDefinition<"normalize"> = {
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
