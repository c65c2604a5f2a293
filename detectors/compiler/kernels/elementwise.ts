/** Elementwise operators: activations, addition and multiplication. */

import type { Node } from "../graph/graph.ts";
import type { Activation } from "../ops/activation.ts";
import type { Assembler, FunctionReference, Local } from "../wasm/assembler.ts";
import { type EmitActivation, prepareActivation } from "./activation.ts";
import { type EmitKernel, type FeatureMap, inputAt, type KernelContext, vectorsOf } from "./kernel.ts";
import { advance, broadcast, pointerTo, repeat } from "./loops.ts";
import { prepareOnePlusExpMinus } from "./sigmoid.ts";

export const emitSigmoid: EmitKernel<"sigmoid"> = (node, context) =>
  emitUnary(node, context, (code) => {
    const one = broadcast(code, 1);
    const onePlusExpMinus = prepareOnePlusExpMinus(code, context.target);
    return (x) => {
      code.get(one).get(x);
      onePlusExpMinus();
      code.op("f32x4.div");
    };
  });

export const emitSilu: EmitKernel<"silu"> = (node, context) => emitActivation(node, "silu", context);

export const emitRelu: EmitKernel<"relu"> = (node, context) => emitActivation(node, "relu", context);

export const emitRelu6: EmitKernel<"relu6"> = (node, context) => emitActivation(node, "relu6", context);

export const emitHardSwish: EmitKernel<"hard_swish"> = (node, context) =>
  emitActivation(node, { hardSwish: node.attributes.slope }, context);

export const emitAdd: EmitKernel<"add"> = (node, context) => emitBinary(node, context, "f32x4.add");

export const emitMul: EmitKernel<"mul"> = (node, context) => emitBinary(node, context, "f32x4.mul");

function emitActivation(node: Node, activation: Activation, context: KernelContext): FunctionReference {
  return emitUnary(node, context, (code) => prepareActivation(code, activation, context.target));
}

/** @param prepare loads constants and returns the function that emits y for an x. */
function emitUnary(
  node: Node,
  context: KernelContext,
  prepare: (code: Assembler) => EmitActivation,
): FunctionReference {
  return context.module.function(`${node.op} ${node.output}`, [], [], (code) => {
    const compute = prepare(code);
    const x = code.local("v128");
    forEachVector(code, node, context, ([input], output) => {
      if (input === undefined) throw new Error(`${node.op}: expected one input`);
      code.get(input).memory("v128.load").set(x).get(output);
      compute(x);
      code.memory("v128.store");
    });
  });
}

function emitBinary(node: Node, context: KernelContext, op: "f32x4.add" | "f32x4.mul"): FunctionReference {
  return context.module.function(`${node.op} ${node.output}`, [], [], (code) => {
    forEachVector(code, node, context, (inputs, output) => {
      code.get(output);
      for (const input of inputs) code.get(input).memory("v128.load");
      code.op(op).memory("v128.store");
    });
  });
}

/**
 * Iterates over all inputs and the output by vectors. A constant of [channels] and a map of one pixel repeat for every pixel
 * of the output.
 */
function forEachVector(
  code: Assembler,
  node: Node,
  context: KernelContext,
  body: (inputs: readonly Local[], output: Local) => void,
): void {
  const y = context.map(node.output);
  const vectors = vectorsOf(y);
  const output = pointerTo(code, y.address);
  const inputs = node.inputs.map((value, index) => {
    const { address, pixelBytes, rowBytes } = context.isConstant(value)
      ? storeConstantMap(inputAt(node, index), y.width, vectors, context)
      : repeatedIfSingle(context.map(value), y);
    return { pointer: pointerTo(code, address), pixelBytes, rowBytes };
  });
  repeat(code, y.height, () => {
    repeat(code, y.width, () => {
      repeat(code, vectors, () => {
        body(
          inputs.map(({ pointer }) => pointer),
          output,
        );
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
