/** Operators that move elements: each is a loop nest that copies, with its own distances between elements. */

import { ELEMENT_BYTES } from "../graph/value.ts";
import type { Operator, OperatorAttributes } from "../ops/index.ts";
import type { MoverDefinition } from "../ops/movers.ts";
import { rowMajorStrides } from "../ops/tensors.ts";
import type { Assembler } from "../wasm/assembler.ts";
import { type EmitKernel, inputAt } from "./kernel.ts";
import { emitLoad, emitNest, type Nest, type Operand } from "./nest.ts";
import { tensorInMemory } from "./operand.ts";

/** Copies the elements of one operand to another. */
export function emitCopy(code: Assembler, nest: Nest): void {
  emitNest(code, nest, ([value]) => {
    if (value === undefined) throw new Error("a copy has an input");
    code.get(value);
  });
}

/** The kernel of a mover. */
export function emitMover<K extends Operator>({
  walk,
}: MoverDefinition<OperatorAttributes[K]>): EmitKernel<K> {
  return (node, context) => {
    const x = tensorInMemory(context, inputAt(node, 0));
    const y = tensorInMemory(context, node.output);
    const { stridesOf, starts } = walk(x.shape, node.attributes);
    const start = starts.reduce((bytes, index, axis) => bytes + index * (x.strides[axis] ?? 0), 0);
    const input = { dtype: x.dtype, address: x.address + start, strides: stridesOf(x.strides) };
    return context.module.function(`${node.op} ${node.output}`, [], [], (code) =>
      emitCopy(code, { sizes: y.shape, output: y, inputs: [input] }),
    );
  };
}

/** Copies in row-major order. Where the memory of either has gaps, the nest walks over its axes. */
export const emitReshape: EmitKernel<"reshape"> = (node, context) => {
  const x = tensorInMemory(context, inputAt(node, 0));
  const y = tensorInMemory(context, node.output);
  const dense = (shape: readonly number[]) => rowMajorStrides(shape).map((n) => n * ELEMENT_BYTES[x.dtype]);
  const isDense = (tensor: typeof x) =>
    tensor.strides.every((stride, axis) => stride === dense(tensor.shape)[axis]);
  if (!isDense(x) && !isDense(y)) throw new Error(`reshape ${node.output}: both of its maps have gaps`);
  const sizes = isDense(x) ? y.shape : x.shape;
  return context.module.function(`reshape ${node.output}`, [], [], (code) =>
    emitCopy(code, {
      sizes,
      output: isDense(x) ? y : { ...y, strides: dense(sizes) },
      inputs: [isDense(x) ? { ...x, strides: dense(sizes) } : x],
    }),
  );
};

/** Joins tensors. Parts that were written in place cost nothing. */
export const emitConcat: EmitKernel<"concat"> = (node, context) => {
  const y = tensorInMemory(context, node.output);
  const { axis } = node.attributes;
  return context.module.function(`concat ${node.output}`, [], [], (code) => {
    let address = y.address;
    for (const part of node.inputs) {
      const x = tensorInMemory(context, part);
      if (x.address !== address) emitCopy(code, { sizes: x.shape, output: { ...y, address }, inputs: [x] });
      address += (x.shape[axis] ?? 0) * (y.strides[axis] ?? 0);
    }
  });
};

/** Fills the output, then copies the input into it. */
export const emitPad: EmitKernel<"pad"> = (node, context) => {
  const x = tensorInMemory(context, inputAt(node, 0));
  const y = tensorInMemory(context, node.output);
  const { before, between, value } = node.attributes;
  const start = before.reduce((bytes, count, axis) => bytes + count * (y.strides[axis] ?? 0), 0);
  const strides = y.strides.map((stride, axis) => stride * (1 + (between[axis] ?? 0)));
  return context.module.function(`pad ${node.output}`, [], [], (code) => {
    const filling = code.local(y.dtype === "f32" ? "v128" : "i32");
    if (y.dtype === "f32") code.f32(value).op("f32x4.splat").set(filling);
    else code.i32(value).set(filling);
    emitNest(code, { sizes: y.shape, output: y, inputs: [] }, () => void code.get(filling));
    emitCopy(code, { sizes: x.shape, output: { ...y, address: y.address + start, strides }, inputs: [x] });
  });
};

/** A nest over the output that reads an index for each element. Indices beyond the axis read its ends. */
export const emitGather: EmitKernel<"gather"> = (node, context) => {
  const { axis } = node.attributes;
  const x = tensorInMemory(context, inputAt(node, 0));
  const indices = tensorInMemory(context, inputAt(node, 1));
  const y = tensorInMemory(context, node.output);
  const [size, stride] = [x.shape[axis] ?? 1, x.strides[axis] ?? 0];
  const fixed = indices.shape.map(() => 0);
  const source: Operand = {
    ...x,
    strides: [...x.strides.slice(0, axis), ...fixed, ...x.strides.slice(axis + 1)],
    asAddress: true,
  };
  const order: Operand = {
    ...indices,
    strides: [
      ...x.shape.slice(0, axis).map(() => 0),
      ...indices.strides,
      ...x.shape.slice(axis + 1).map(() => 0),
    ],
  };
  return context.module.function(`gather ${node.output}`, [], [], (code) => {
    const index = code.local("i32");
    const end = code.local("i32");
    const from = code.local("i32");
    code.i32(size - 1).set(end);
    emitNest(code, { sizes: y.shape, output: y, inputs: [order, source] }, ([requested, address]) => {
      if (requested === undefined || address === undefined) throw new Error("gather has two inputs");
      code.get(requested).i32(size).op("i32.add").get(requested);
      code.get(requested).i32(0).op("i32.lt_s").op("select").set(index);
      code.i32(0).get(index).get(index).i32(0).op("i32.lt_s").op("select").set(index);
      code.get(end).get(index).get(index).get(end).op("i32.gt_s").op("select");
      code.i32(stride).op("i32.mul").get(address).op("i32.add").set(from);
      emitLoad(code, x.dtype, from, true);
    });
  });
};
