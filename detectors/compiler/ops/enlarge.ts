import type { ValueType } from "../graph/graph.ts";
import { checkInputCount, featureMap, ShapeError } from "./operator.ts";

/** The shape rule of operators that make factor × factor pixels of every pixel. */
export function inferEnlarged(
  inputs: readonly ValueType[],
  { factor }: { readonly factor: number },
): ValueType {
  checkInputCount(inputs, 1, 1);
  const [height, width, channels] = featureMap(inputs, 0);
  if (!Number.isSafeInteger(factor) || factor < 1) {
    throw new ShapeError(`factor must be a positive integer, received ${factor}`);
  }
  return { dtype: "f32", shape: [height * factor, width * factor, channels] };
}
