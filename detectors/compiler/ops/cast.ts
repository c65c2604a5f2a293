import type { DType } from "../graph/value.ts";
import { NUMERIC } from "./elementwise.ts";
import { ANY, TRUTH_VALUES } from "./interval.ts";
import { ELEMENTWISE_FACTS, type OperatorDefinition } from "./operator.ts";
import { checkInputCount, ShapeError, tensorAt } from "./shapes.ts";
import { zeroTensor } from "./tensors.ts";

export interface CastAttributes {
  readonly to: DType;
}

/**
 * ONNX Cast-13. Floats are truncated and saturate at the range of i32; narrower integers keep the low bits. Numbers other than
 * zero are true.
 */
export const cast: OperatorDefinition<CastAttributes> = {
  ...ELEMENTWISE_FACTS,
  infer(inputs, { to }) {
    checkInputCount(inputs, 1, 1);
    const [x] = inputs;
    const types: readonly DType[] = [...NUMERIC, "bool"];
    if (!x || !types.includes(x.dtype) || !types.includes(to)) {
      throw new ShapeError(`cannot convert ${x?.dtype} to ${to}`);
    }
    return { dtype: to, shape: x.shape };
  },
  range([x = ANY], { to }) {
    if (to === "bool") return TRUTH_VALUES;
    return to === "f32" ? x : { least: Math.trunc(x.least), most: Math.trunc(x.most) };
  },
  reference(inputs, { to }) {
    const x = tensorAt(inputs, 0);
    const y = zeroTensor(to, x.shape);
    for (const [at, value] of x.data.entries()) {
      if (to === "bool") y.data[at] = value === 0 ? 0 : 1;
      else if (to === "f32") y.data[at] = value;
      else y.data[at] = Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(value) || 0));
    }
    return y;
  },
};
