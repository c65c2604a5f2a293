import type { DType, ValueType } from "../graph/value.ts";
import { checkInputCount, dtypeAt, featureMap, ShapeError } from "./shapes.ts";

/** Every pixel becomes factor × factor pixels. */
export interface EnlargeAttributes {
  readonly factor: number;
}

/** The shape rule of operators that enlarge both axes by an integer factor. */
export function inferEnlarged(
  inputs: readonly ValueType[],
  { factor }: EnlargeAttributes,
  dtypes: readonly DType[],
): ValueType {
  checkInputCount(inputs, 1, 1);
  const [height, width, channels] = featureMap(inputs, 0, dtypes);
  if (!Number.isSafeInteger(factor) || factor < 1) {
    throw new ShapeError(`factor must be a positive integer, received ${factor}`);
  }
  return {
    dtype: dtypeAt(inputs, 0),
    shape: [height * factor, width * factor, channels],
    affine: inputs[0]?.affine,
  };
}
