/** Chooses between Winograd and direct convolution, of floats or of integers. */
import type { Conv2dNode } from "./convolution.ts";
import { emitDirectConv2d } from "./direct-conv2d.ts";
import { inputAt, type Kernel } from "./kernel.ts";
import { TILE_VECTORS } from "./micro-kernel.ts";
import { planWinograd, winogradScheme } from "./winograd.ts";
import { emitWinogradConv2d } from "./winograd-conv2d.ts";

export const conv2dKernel: Kernel<Conv2dNode["op"]> = {
  emit(node, context) {
    const scheme = winogradScheme(node, context.type);
    return scheme === undefined ? emitDirectConv2d(node, context) : emitWinogradConv2d(node, scheme, context);
  },
  scratchBytes(node, type) {
    const isQuantized = node.op === "quantized_conv2d";
    const { shape } = type(node.output);
    const scheme = winogradScheme(node, type);
    if (scheme !== undefined) {
      const [, , , inputs = 0] = type(inputAt(node, 1)).shape;
      return planWinograd(scheme, shape, inputs, isQuantized).scratchBytes;
    }
    const [, width = 0] = shape;
    return isQuantized ? width * TILE_VECTORS * 16 : 0;
  },
  describe(node, type) {
    const { dtype } = type(inputAt(node, 0));
    const scheme = winogradScheme(node, type);
    return scheme === undefined ? `direct, ${dtype}` : `${scheme.name}, ${dtype} as f32`;
  },
};
