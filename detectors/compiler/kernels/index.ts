import type { Node } from "../graph/graph.ts";
import type { Operator } from "../ops/index.ts";
import { expand, slice, transpose } from "../ops/movers.ts";
import { convolution, matmul, pool, reduce } from "../ops/reductions.ts";
import type { FunctionReference } from "../wasm/assembler.ts";
import {
  absKernel,
  addKernel,
  castKernel,
  clipKernel,
  divKernel,
  eluKernel,
  functionKernel,
  hardSigmoidKernel,
  maxKernel,
  minKernel,
  mulKernel,
  negKernel,
  notKernel,
  powKernel,
  preluKernel,
  sigmoidKernel,
  signKernel,
  subKernel,
  whereKernel,
} from "./arithmetic.ts";
import { centernetScratchBytes, emitCenternetDetect } from "./centernet-detect.ts";
import { emitContraction } from "./contraction.ts";
import { conv2dKernel } from "./conv2d.ts";
import { emitDepthwiseConv2d } from "./depthwise-conv2d.ts";
import { activationKernel, comparisonKernel, instructionKernel } from "./elementwise.ts";
import { prepareErf, prepareExp, prepareLog, prepareSoftplus, prepareTanh } from "./functions.ts";
import { type Kernel, type KernelContext, kernel, type TypeOfValue } from "./kernel.ts";
import { emitMaxPool2d } from "./max-pool2d.ts";
import { emitMean } from "./mean.ts";
import { emitConcat, emitGather, emitMover, emitPad, emitReshape } from "./movers.ts";
import { emitNormalize } from "./normalize.ts";
import { emitResizeBilinear } from "./resize-bilinear.ts";
import { emitSpaceToDepth } from "./space-to-depth.ts";
import { emitUpsample } from "./upsample.ts";
import { emitYolov5Detect, emitYolov5SparseDetect } from "./yolov5-detect.ts";
import { detectScratchBytes, sparseDetectScratchBytes } from "./yolov5-scratch.ts";

/** The kernels of all operators. The type fails to compile when an operator has none. */
const kernels: { readonly [K in Operator]: Kernel<K> } = {
  normalize: kernel(emitNormalize),
  conv2d: conv2dKernel,
  quantized_conv2d: conv2dKernel,
  depthwise_conv2d: kernel(emitDepthwiseConv2d),
  sigmoid: sigmoidKernel,
  silu: activationKernel(),
  relu: activationKernel(),
  relu6: activationKernel(),
  hard_swish: activationKernel(),
  hard_sigmoid: hardSigmoidKernel,
  elu: eluKernel,
  softplus: functionKernel(prepareSoftplus),
  clip: clipKernel,
  prelu: preluKernel,
  add: addKernel,
  sub: subKernel,
  mul: mulKernel,
  div: divKernel,
  pow: powKernel,
  min: minKernel,
  max: maxKernel,
  abs: absKernel,
  neg: negKernel,
  sign: signKernel,
  sqrt: instructionKernel("f32x4.sqrt"),
  exp: functionKernel(prepareExp),
  log: functionKernel(prepareLog),
  tanh: functionKernel(prepareTanh),
  erf: functionKernel(prepareErf),
  floor: instructionKernel("f32x4.floor"),
  ceil: instructionKernel("f32x4.ceil"),
  round: instructionKernel("f32x4.nearest"),
  equal: comparisonKernel("f32x4.eq", "i32.eq"),
  less: comparisonKernel("f32x4.lt", "i32.lt_s"),
  less_or_equal: comparisonKernel("f32x4.le", "i32.le_s"),
  // A bool is 0 or 1.
  and: comparisonKernel("f32x4.eq", "i32.and"),
  or: comparisonKernel("f32x4.eq", "i32.or"),
  xor: comparisonKernel("f32x4.eq", "i32.xor"),
  not: notKernel,
  where: whereKernel,
  cast: castKernel,
  transpose: kernel(emitMover<"transpose">(transpose)),
  slice: kernel(emitMover<"slice">(slice)),
  expand: kernel(emitMover<"expand">(expand)),
  reshape: kernel(emitReshape),
  pad: kernel(emitPad),
  gather: kernel(emitGather),
  reduce: kernel(emitContraction<"reduce">(reduce)),
  matmul: kernel(emitContraction<"matmul">(matmul)),
  convolution: kernel(emitContraction<"convolution">(convolution)),
  pool: kernel(emitContraction<"pool">(pool)),
  max_pool2d: kernel(emitMaxPool2d),
  space_to_depth: kernel(emitSpaceToDepth),
  upsample: kernel(emitUpsample),
  resize_bilinear: kernel(emitResizeBilinear),
  mean: kernel(emitMean),
  concat: kernel(emitConcat),
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
