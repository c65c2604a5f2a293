/** Chooses how to convolve. */
import type { FunctionReference } from "../wasm/assembler.ts";
import type { Conv2dNode } from "./conv2d-tile.ts";
import { emitDirectConv2d } from "./direct-conv2d.ts";
import type { KernelContext } from "./kernel.ts";
import { usesWinograd } from "./winograd.ts";
import { emitWinogradConv2d } from "./winograd-conv2d.ts";

/** Convolves, in floats or in whole numbers. */
export function emitConv2d(node: Conv2dNode, context: KernelContext): FunctionReference {
  return usesWinograd(node, (value) => context.type(value))
    ? emitWinogradConv2d(node, context)
    : emitDirectConv2d(node, context);
}
