import { activations } from "./activations.ts";
import { arithmetic } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { centernetDetect } from "./centernet-detect.ts";
import { concat } from "./concat.ts";
import { conv2d } from "./conv2d.ts";
import { depthwiseConv2d } from "./depthwise-conv2d.ts";
import { fixedPoint } from "./fixed-point/index.ts";
import { gather } from "./gather.ts";
import { maxPool2d } from "./max-pool2d.ts";
import { mean } from "./mean.ts";
import { expand, reshape, slice, transpose } from "./movers.ts";
import { normalize } from "./normalize.ts";
import type { OperatorDefinition } from "./operator.ts";
import { pad } from "./pad.ts";
import { quantizedConv2d } from "./quantized-conv2d.ts";
import { rearrange } from "./rearrange.ts";
import { convolution, matmul, pool, reduce } from "./reductions.ts";
import { resizeBilinear } from "./resize-bilinear.ts";
import { selectBoxes } from "./select-boxes.ts";
import { spaceToDepth } from "./space-to-depth.ts";
import { upsample } from "./upsample.ts";
import { where } from "./where.ts";
import { yolov5Detect } from "./yolov5-detect.ts";
import { yolov5SparseDetect } from "./yolov5-sparse-detect.ts";

/** The definitions of all operators, by name. */
export const operators = {
  normalize,
  conv2d,
  quantized_conv2d: quantizedConv2d,
  depthwise_conv2d: depthwiseConv2d,
  ...activations,
  ...arithmetic,
  where,
  cast,
  transpose,
  slice,
  expand,
  reshape,
  rearrange,
  pad,
  gather,
  reduce,
  matmul,
  convolution,
  pool,
  max_pool2d: maxPool2d,
  space_to_depth: spaceToDepth,
  upsample,
  resize_bilinear: resizeBilinear,
  mean,
  concat,
  ...fixedPoint,
  select_boxes: selectBoxes,
  yolov5_detect: yolov5Detect,
  yolov5_sparse_detect: yolov5SparseDetect,
  centernet_detect: centernetDetect,
};

export type Operator = keyof typeof operators;

/** The attributes of each operator. */
export type OperatorAttributes = {
  readonly [K in Operator]: (typeof operators)[K] extends OperatorDefinition<infer Attributes>
    ? Attributes
    : never;
};

const definitions: { readonly [K in Operator]: OperatorDefinition<OperatorAttributes[K]> } = operators;

/** The definition of an operator. */
export function definitionOf<K extends Operator>(op: K): OperatorDefinition<OperatorAttributes[K]> {
  return definitions[op];
}
