/** Layout changes: one loop nest over the split axes. */
import { splitStrides } from "../ops/rearrange.ts";
import { inputAt, type Kernel, kernel } from "./kernel.ts";
import { emitCopy } from "./movers.ts";
import { type TensorInMemory, tensorInMemory } from "./operand.ts";

export const rearrangeKernel: Kernel<"rearrange"> = kernel((node, context) => {
  const x = tensorInMemory(context, inputAt(node, 0));
  const y = tensorInMemory(context, node.output);
  const { sizes, order } = node.attributes;
  const reordered = order.map((axis) => sizes[axis] ?? 1);
  const strides = split(x, sizes);
  const input = { ...x, strides: order.map((axis) => strides[axis] ?? 0) };
  const output = { ...y, strides: split(y, reordered) };
  return context.module.function(`rearrange ${node.output}`, [], [], (code) =>
    emitCopy(code, { sizes: reordered, output, inputs: [input] }),
  );
});

function split({ shape, strides }: TensorInMemory, sizes: readonly number[]): readonly number[] {
  const split = splitStrides(shape, strides, sizes);
  if (split === undefined) throw new Error(`[${sizes.join(", ")}] does not divide [${shape.join(", ")}]`);
  return split;
}
