import type { Operator } from "../graph/graph.ts";
import { emitConcat } from "./concat.ts";
import { emitConv2d } from "./conv2d.ts";
import { emitAdd, emitMul, emitSigmoid, emitSilu } from "./elementwise.ts";
import type { EmitKernel } from "./kernel.ts";
import { emitMaxPool2d } from "./max-pool2d.ts";
import { emitNormalize } from "./normalize.ts";
import { emitUpsample } from "./upsample.ts";
import { emitYolov5Detect } from "./yolov5-detect.ts";

/** The kernel of every operator: typed by the list of operators, so that one without a kernel does not compile. */
export const kernels: { readonly [K in Operator]: EmitKernel<K> } = {
  normalize: emitNormalize,
  conv2d: emitConv2d,
  sigmoid: emitSigmoid,
  silu: emitSilu,
  add: emitAdd,
  mul: emitMul,
  max_pool2d: emitMaxPool2d,
  upsample: emitUpsample,
  concat: emitConcat,
  yolov5_detect: emitYolov5Detect,
};
