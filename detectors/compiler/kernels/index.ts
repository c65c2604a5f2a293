import type { Node } from "../graph/graph.ts";
import type { Operator } from "../ops/index.ts";
import { expand, slice, transpose } from "../ops/movers.ts";
import { convolution, pool, reduce } from "../ops/reductions.ts";
import type { FunctionReference } from "../wasm/assembler.ts";
import { activationKernels } from "./activations.ts";
import { arithmeticKernels } from "./arithmetic.ts";
import { centernetScratchBytes, emitCenternetDetect } from "./centernet-detect.ts";
import { emitContraction } from "./contraction.ts";
import { conv2dKernel } from "./conv2d.ts";
import { emitDepthwiseConv2d } from "./depthwise-conv2d.ts";
import { fixedConv2dKernel } from "./fixed-point/conv2d.ts";
import { fixedDepthwiseConv2dKernel } from "./fixed-point/depthwise-conv2d.ts";
import { fixedElementwiseKernels } from "./fixed-point/elementwise.ts";
import { bytePoolKernel } from "./fixed-point/pool.ts";
import { fixedSoftmaxKernel } from "./fixed-point/softmax.ts";
import { type Kernel, type KernelContext, kernel, type TypeOfValue } from "./kernel.ts";
import { matmulKernel } from "./matmul.ts";
import { emitMaxPool2d } from "./max-pool2d.ts";
import { emitMean } from "./mean.ts";
import { emitConcat, emitGather, emitMover, emitPad, emitReshape } from "./movers.ts";
import { emitNormalize } from "./normalize.ts";
import { rearrangeKernel } from "./rearrange.ts";
import { emitResizeBilinear } from "./resize-bilinear.ts";
import { selectBoxesKernel } from "./select-boxes.ts";
import { emitSpaceToDepth } from "./space-to-depth.ts";
import { emitUpsample } from "./upsample.ts";
import { castKernel, whereKernel } from "./where-cast.ts";
import { emitYolov5Detect, emitYolov5SparseDetect } from "./yolov5-detect.ts";
import { detectScratchBytes, sparseDetectScratchBytes } from "./yolov5-scratch.ts";

/** The kernels of all operators. The type fails to compile when an operator has none. */
const kernels: { readonly [K in Operator]: Kernel<K> } = {
  normalize: kernel(emitNormalize),
  conv2d: conv2dKernel,
  quantized_conv2d: conv2dKernel,
  depthwise_conv2d: kernel(emitDepthwiseConv2d),
  ...activationKernels,
  ...arithmeticKernels,
  where: whereKernel,
  cast: castKernel,
  transpose: kernel(emitMover<"transpose">(transpose)),
  slice: kernel(emitMover<"slice">(slice)),
  expand: kernel(emitMover<"expand">(expand)),
  reshape: kernel(emitReshape),
  rearrange: rearrangeKernel,
  pad: kernel(emitPad),
  gather: kernel(emitGather),
  reduce: kernel(emitContraction<"reduce">(reduce)),
  matmul: matmulKernel,
  convolution: kernel(emitContraction<"convolution">(convolution)),
  pool: kernel(emitContraction<"pool">(pool)),
  max_pool2d: kernel(emitMaxPool2d),
  space_to_depth: kernel(emitSpaceToDepth),
  upsample: kernel(emitUpsample),
  resize_bilinear: kernel(emitResizeBilinear),
  mean: kernel(emitMean),
  concat: kernel(emitConcat),
  fixed_conv2d: fixedConv2dKernel,
  fixed_depthwise_conv2d: fixedDepthwiseConv2dKernel,
  ...fixedElementwiseKernels,
  fixed_softmax: fixedSoftmaxKernel,
  byte_pool: bytePoolKernel,
  select_boxes: selectBoxesKernel,
  yolov5_detect: kernel(emitYolov5Detect, detectScratchBytes),
  yolov5_sparse_detect: kernel(emitYolov5SparseDetect, sparseDetectScratchBytes),
  centernet_detect: kernel(emitCenternetDetect, centernetScratchBytes),
};

/** Emits one node. */
export function emitNode<K extends Operator>(node: Node<K>, context: KernelContext): FunctionReference {
  return kernels[node.op as K].emit(node, context);
}

/** Bytes of working memory of a node's kernel. */
export function scratchBytesOf<K extends Operator>(node: Node<K>, type: TypeOfValue): number {
  return kernels[node.op as K].scratchBytes(node, type);
}

/** The algorithm of a node's kernel, as `compile --explain` prints it. */
export function kernelNameOf<K extends Operator>(node: Node<K>, type: TypeOfValue): string {
  return kernels[node.op as K].describe(node, type);
}
