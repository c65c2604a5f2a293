/** Chooses between Winograd and direct convolution. */
import type { FunctionReference } from "../wasm/assembler.ts";
import type { Conv2dNode } from "./convolution.ts";
import { emitDirectConv2d } from "./direct-conv2d.ts";
import type { KernelContext } from "./kernel.ts";
import { winogradScheme } from "./winograd.ts";
import { emitWinogradConv2d } from "./winograd-conv2d.ts";

/** Emits a convolution of floats or of integers. */
export function emitConv2d(node: Conv2dNode, context: KernelContext): FunctionReference {
  const scheme = winogradScheme(node, (value) => context.type(value));
  return scheme === undefined ? emitDirectConv2d(node, context) : emitWinogradConv2d(node, scheme, context);
}
