import { fixedConv2d, fixedDepthwiseConv2d } from "./convolution.ts";
import { dequantize, fixedProduct, fixedSum, lookup, quantize } from "./elementwise.ts";
import { bytePool } from "./pool.ts";
import { fixedSoftmax } from "./softmax.ts";

/** All operators that compute with the quantized integers of a model file, by name. */
export const fixedPoint = {
  fixed_conv2d: fixedConv2d,
  fixed_depthwise_conv2d: fixedDepthwiseConv2d,
  fixed_sum: fixedSum,
  fixed_product: fixedProduct,
  fixed_softmax: fixedSoftmax,
  byte_pool: bytePool,
  lookup,
  quantize,
  dequantize,
};
