/**
 * Elementwise operators. Each states its arithmetic once: on a vector of floats, or on an integer. It runs over feature maps by
 * whole vectors, and over all other tensors in a loop nest.
 */

import type { Node } from "../graph/graph.ts";
import type { Activation } from "../ops/activation.ts";
import { definitionOf, type Operator } from "../ops/index.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";
import type { PlainName } from "../wasm/opcodes.ts";
import { prepareActivation } from "./activation.ts";
import type { EmitFunction } from "./functions.ts";
import { type FeatureMap, inputAt, type Kernel, type KernelContext, kernel, vectorsOf } from "./kernel.ts";
import { advance, pointerTo, repeat } from "./loops.ts";
import { type Compute, emitNest } from "./nest.ts";
import { broadcastOperand, type TensorInMemory, tensorInMemory } from "./operand.ts";

/** Loads constants into locals, and returns the function that emits the result for loaded elements. */
export type PrepareElement<K extends Operator> = (
  code: Assembler,
  node: Node<K>,
  context: KernelContext,
) => Compute;

/** The kernel of an elementwise operator. */
export function elementwiseKernel<K extends Operator>(prepare: PrepareElement<K>): Kernel<K> {
  return kernel((node, context) =>
    context.module.function(`${node.op} ${node.output}`, [], [], (code) => {
      const compute = prepare(code, node, context);
      const y = tensorInMemory(context, node.output);
      if (isOnFeatureMaps(node, context)) {
        forEachVector(code, node, context, compute);
        return;
      }
      const inputs = node.inputs.map((value) => broadcastOperand(tensorInMemory(context, value), y.shape));
      emitNest(code, { sizes: y.shape, output: y, inputs }, compute);
      clearPixelEnds(code, y);
    }),
  );
}

/** An activation that convolutions can apply, too. */
export function activationKernel<K extends Operator>(): Kernel<K> {
  return elementwiseKernel((code, node, context) => {
    const activate = prepareActivation(code, activationOf(node), context.target);
    return ([x]) => activate(needed(x));
  });
}

function activationOf<K extends Operator>({ op, attributes }: Node<K>): Activation {
  return definitionOf(op as K).activation(attributes) ?? "none";
}

/** An operator that is one instruction on vectors of floats, and others on integers. */
export function instructionKernel<K extends Operator>(
  ofFloats: PlainName,
  ofIntegers: (code: Assembler, values: readonly Local[]) => void = () => {
    throw new Error("this operator takes no integers");
  },
): Kernel<K> {
  return elementwiseKernel((code, node, context) => {
    const isFloat = context.type(inputAt(node, 0)).dtype === "f32";
    return (values) => {
      if (!isFloat) {
        ofIntegers(code, values);
        return;
      }
      for (const value of values) code.get(value);
      code.op(ofFloats);
    };
  });
}

/** An operator on integers only. */
export function integerKernel<K extends Operator>(
  compute: (code: Assembler, values: readonly Local[]) => void,
): Kernel<K> {
  return elementwiseKernel((code) => (values) => compute(code, values));
}

/** A comparison: an instruction on vectors of floats, and one on integers. */
export function comparisonKernel<K extends Operator>(ofFloats: PlainName, ofIntegers: PlainName): Kernel<K> {
  return elementwiseKernel((code, node, context) => {
    const isFloat = context.type(inputAt(node, 0)).dtype === "f32";
    return (values) => {
      for (const value of values) code.get(value);
      if (isFloat) code.op(ofFloats).extractInteger(0).i32(1).op("i32.and");
      else code.op(ofIntegers);
    };
  });
}

type Operands = Pick<Node, "inputs" | "output">;

/** A function of floats that needs more than one instruction. */
export function functionKernel<K extends Operator>(prepare: (code: Assembler) => EmitFunction): Kernel<K> {
  return elementwiseKernel((code) => {
    const emit = prepare(code);
    return ([x]) => emit(needed(x));
  });
}

/** The local of an element. */
export function needed(value: Local | undefined): Local {
  if (value === undefined) throw new Error("expected one more input");
  return value;
}

/** Whether all operands are feature maps of floats with whole vectors, of one size, of one pixel, or constants. */
function isOnFeatureMaps({ inputs, output }: Operands, context: KernelContext): boolean {
  const { dtype, shape } = context.type(output);
  const [, , channels = 0] = shape;
  const isWhole = (value: string) => context.placement(value).pixelBytes % 16 === 0;
  if (dtype !== "f32" || shape.length !== 3 || !isWhole(output)) return false;
  return inputs.every((input) => {
    const { dtype: type, shape: own } = context.type(input);
    const isSame = own.length === 3 && own.every((size, axis) => size === shape[axis]);
    const isPerChannel = own.at(-1) === channels && own.slice(0, -1).every((size) => size === 1);
    if (type !== "f32") return false;
    if (context.isConstant(input)) return own.length === 1 ? own[0] === channels : isSame;
    return (isSame || (own.length === 3 && isPerChannel)) && isWhole(input);
  });
}

/**
 * Clears what the channels of a feature map leave of the last vector of each pixel: kernels of feature maps read it. The output
 * may overwrite the first input, so this comes last, and leaves the channels alone.
 */
function clearPixelEnds(code: Assembler, { dtype, shape, strides, address }: TensorInMemory): void {
  const [height = 0, width = 0, channels = 0] = shape;
  const [rowBytes = 0, pixelBytes = 0, elementBytes = 0] = strides;
  if (dtype !== "f32" || shape.length !== 3 || pixelBytes <= channels * elementBytes) return;
  const end = pointerTo(code, address + channels * elementBytes);
  const missing = -channels & 3;
  repeat(code, height, () => {
    repeat(code, width, () => {
      for (let lane = 0; lane < missing; lane++)
        code
          .get(end)
          .f32(0)
          .memory("f32.store", lane * elementBytes);
      advance(code, end, pixelBytes);
    });
    advance(code, end, rowBytes - width * pixelBytes);
  });
}

/**
 * Iterates over all inputs and the output by vectors. A constant of [channels] and a map of one pixel repeat for every pixel
 * of the output.
 */
function forEachVector(code: Assembler, node: Operands, context: KernelContext, compute: Compute): void {
  const y = context.map(node.output);
  const vectors = vectorsOf(y);
  const output = pointerTo(code, y.address);
  const inputs = node.inputs.map((value) => {
    const { address, pixelBytes, rowBytes } = context.isConstant(value)
      ? storeConstantMap(value, y.width, vectors, context)
      : repeatedIfSingle(context.map(value), y);
    return { pointer: pointerTo(code, address), value: code.local("v128"), pixelBytes, rowBytes };
  });
  repeat(code, y.height, () => {
    repeat(code, y.width, () => {
      repeat(code, vectors, () => {
        code.get(output);
        for (const { pointer, value } of inputs) code.get(pointer).memory("v128.load").set(value);
        compute(inputs.map(({ value }) => value));
        code.memory("v128.store");
        for (const { pointer } of inputs) advance(code, pointer, 16);
        advance(code, output, 16);
      });
      for (const { pointer, pixelBytes } of inputs) advance(code, pointer, pixelBytes - 16 * vectors);
      advance(code, output, y.pixelBytes - 16 * vectors);
    });
    for (const { pointer, pixelBytes, rowBytes } of inputs) {
      advance(code, pointer, rowBytes - y.width * pixelBytes);
    }
    advance(code, output, y.rowBytes - y.width * y.pixelBytes);
  });
}

/** A map of one pixel, with pixel and row pitch 0 so that it repeats for a larger output. */
function repeatedIfSingle(map: FeatureMap, y: FeatureMap): FeatureMap {
  const isSingle = map.height === 1 && map.width === 1 && (y.height > 1 || y.width > 1);
  return isSingle ? { ...map, pixelBytes: 0, rowBytes: 0 } : map;
}

/** Stores a constant with its pixels padded to whole vectors; [channels] has pixel and row pitch 0. */
function storeConstantMap(
  value: string,
  width: number,
  vectors: number,
  context: KernelContext,
): { address: number; pixelBytes: number; rowBytes: number } {
  const { shape, data } = context.floats(value);
  const channels = shape.at(-1) ?? 1;
  const pixels = data.length / channels;
  const padded = new Float32Array(pixels * vectors * 4);
  for (let pixel = 0; pixel < pixels; pixel++) {
    padded.set(data.subarray(pixel * channels, (pixel + 1) * channels), pixel * vectors * 4);
  }
  const pixelBytes = shape.length === 1 ? 0 : vectors * 16;
  return { address: context.store(padded), pixelBytes, rowBytes: width * pixelBytes };
}
