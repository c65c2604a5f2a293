import type { Operator } from "../graph/graph.ts";
import { add } from "./add.ts";
import { concat } from "./concat.ts";
import { conv2d } from "./conv2d.ts";
import { maxPool2d } from "./max-pool2d.ts";
import { mul } from "./mul.ts";
import { normalize } from "./normalize.ts";
import type { OperatorDefinition } from "./operator.ts";
import { sigmoid } from "./sigmoid.ts";
import { silu } from "./silu.ts";
import { upsample } from "./upsample.ts";
import { yolov5Detect } from "./yolov5-detect.ts";

/** The definition of every operator: typed by the list of operators, so that one without a definition does not compile. */
export const operators: { readonly [K in Operator]: OperatorDefinition<K> } = {
  normalize,
  conv2d,
  sigmoid,
  silu,
  add,
  mul,
  max_pool2d: maxPool2d,
  upsample,
  concat,
  yolov5_detect: yolov5Detect,
};
