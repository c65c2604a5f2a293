/** Values as operands of loop nests. */
import { ELEMENT_BYTES, type Shape } from "../graph/value.ts";
import { broadcastStrides, rowMajorStrides } from "../ops/tensors.ts";
import type { KernelContext } from "./kernel.ts";
import type { Operand } from "./nest.ts";

/** A value of any rank in memory: bytes between neighbours along each of its axes. */
export interface TensorInMemory extends Operand {
  readonly shape: Shape;
}

/** A value in memory. Constants are stored in the module. */
export function tensorInMemory(context: KernelContext, value: string): TensorInMemory {
  const { dtype, shape } = context.type(value);
  const dense = rowMajorStrides(shape).map((stride) => stride * ELEMENT_BYTES[dtype]);
  if (context.isConstant(value)) {
    return { dtype, shape, address: context.store(context.constant(value).data), strides: dense };
  }
  const { address, rowBytes, pixelBytes } = context.placement(value);
  const strides = shape.length === 3 ? [rowBytes, pixelBytes, ELEMENT_BYTES[dtype]] : dense;
  return { dtype, shape, address, strides };
}

/** The operand repeated over a larger shape. */
export function broadcastOperand({ shape, strides, ...operand }: TensorInMemory, result: Shape): Operand {
  return { ...operand, strides: broadcastStrides(shape, strides, result) };
}
