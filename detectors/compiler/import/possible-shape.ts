import type { Shape } from "../graph/value.ts";
import { elements } from "../ops/shapes.ts";

/** A tensor of more elements has no place in the memory of a module. */
export const MAX_ELEMENTS = 2 ** 28;
/** As in the description of a module. */
const MAX_RANK = 8;

/** Whether a module can hold a tensor of this shape. */
export function isPossibleShape(shape: Shape): boolean {
  const areSizes = shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  return areSizes && shape.length <= MAX_RANK && elements(shape) <= MAX_ELEMENTS;
}
