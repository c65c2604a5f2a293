/** Chooses how to convolve. */
import { emitDirectConv2d } from "./direct-conv2d.ts";
import type { EmitKernel } from "./kernel.ts";
import { usesWinograd } from "./winograd.ts";
import { emitWinogradConv2d } from "./winograd-conv2d.ts";

export const emitConv2d: EmitKernel<"conv2d"> = (node, context) =>
  usesWinograd(node, (value) => context.shape(value))
    ? emitWinogradConv2d(node, context)
    : emitDirectConv2d(node, context);
