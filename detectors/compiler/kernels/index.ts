import type { Operator } from "../graph/graph.ts";
import { emitCenternetDetect } from "./centernet-detect.ts";
import { emitConcat } from "./concat.ts";
import { emitConv2d } from "./conv2d.ts";
import { emitDepthwiseConv2d } from "./depthwise-conv2d.ts";
import {
  emitAdd,
  emitHardSwish,
  emitMul,
  emitRelu,
  emitRelu6,
  emitSigmoid,
  emitSilu,
} from "./elementwise.ts";
import type { EmitKernel } from "./kernel.ts";
import { emitMaxPool2d } from "./max-pool2d.ts";
import { emitMean } from "./mean.ts";
import { emitNormalize } from "./normalize.ts";
import { emitResizeBilinear } from "./resize-bilinear.ts";
import { emitSpaceToDepth } from "./space-to-depth.ts";
import { emitUpsample } from "./upsample.ts";
import { emitYolov5Detect, emitYolov5SparseDetect } from "./yolov5-detect.ts";

/** The kernels of all operators. The type fails to compile when an operator has none. */
export const kernels: { readonly [K in Operator]: EmitKernel<K> } = {
  normalize: emitNormalize,
  conv2d: emitConv2d,
  quantized_conv2d: emitConv2d,
  depthwise_conv2d: emitDepthwiseConv2d,
  sigmoid: emitSigmoid,
  silu: emitSilu,
  relu: emitRelu,
  relu6: emitRelu6,
  hard_swish: emitHardSwish,
  add: emitAdd,
  mul: emitMul,
  max_pool2d: emitMaxPool2d,
  space_to_depth: emitSpaceToDepth,
  upsample: emitUpsample,
  resize_bilinear: emitResizeBilinear,
  mean: emitMean,
  concat: emitConcat,
  yolov5_detect: emitYolov5Detect,
  yolov5_sparse_detect: emitYolov5SparseDetect,
  centernet_detect: emitCenternetDetect,
};
