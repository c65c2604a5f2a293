/** A convolution with the addresses of its values, as its kernels need it. */

import type { Node } from "../graph/graph.ts";
import type { Activation } from "../ops/activation.ts";
import type { ConvolutionQuantization } from "../ops/quantized-conv2d.ts";
import { type FeatureMap, inputAt, type KernelContext } from "./kernel.ts";

/** Everything the emitted code depends on. */
export interface PlacedConvolution {
  readonly name: string;
  readonly x: FeatureMap;
  readonly y: FeatureMap;
  readonly residual: FeatureMap | undefined;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly stride: number;
  readonly activation: Activation;
  /** undefined: it computes in f32 only. */
  readonly quantization: ConvolutionQuantization | undefined;
  /** Address of the window of the first output pixel: inside the border where there is padding. */
  readonly firstWindow: number;
}

export type Conv2dNode = Node<"conv2d"> | Node<"quantized_conv2d">;

/** Looks up the addresses of a convolution node. */
export function placeConvolution(
  node: Conv2dNode,
  context: KernelContext,
  kernelHeight: number,
  kernelWidth: number,
): PlacedConvolution {
  const x = context.map(inputAt(node, 0));
  const residual = node.inputs[3];
  const { stride, padding, activation } = node.attributes;
  return {
    name: node.output,
    x,
    y: context.map(node.output),
    residual: residual === undefined ? undefined : context.map(residual),
    kernelHeight,
    kernelWidth,
    stride,
    activation,
    quantization: node.op === "quantized_conv2d" ? node.attributes.quantization : undefined,
    firstWindow: x.address - padding.top * x.rowBytes - padding.left * x.pixelBytes,
  };
}
