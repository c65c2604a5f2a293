import type { OperatorAttributes, ValueType } from "../graph/graph.ts";
import { activate } from "./activation.ts";
import { convolutionShape, convolve } from "./conv2d.ts";
import { type OperatorDefinition, ShapeError, STORED, type Tensor, tensorAt } from "./operator.ts";

/** The largest number an i16 holds here; −32768 is left out, so that every number has its negative. */
export const I16_MAX = 32_767;

function infer(inputs: readonly ValueType[], attributes: OperatorAttributes["quantized_conv2d"]): ValueType {
  const shape = convolutionShape(inputs, attributes, ["u8", ...STORED], STORED);
  const { multiplier, residualScale, outputScale, outputMax } = attributes.quantization;
  const [, , outputs = 0] = shape;
  for (const [name, factors] of Object.entries({ multiplier, residualScale, outputScale })) {
    if (factors !== undefined && factors.length !== outputs) {
      throw new ShapeError(`${name}: expected ${outputs} factors, received ${factors.length}`);
    }
  }
  if (!(outputMax > 0 && outputMax <= I16_MAX)) {
    throw new ShapeError(`outputMax: expected 1 to ${I16_MAX}, received ${outputMax}`);
  }
  if (inputs[3] !== undefined && residualScale === undefined) {
    throw new ShapeError("residualScale: expected one with a residual, received none");
  }
  return { dtype: outputScale === undefined ? "f32" : "i16", shape };
}

function reference(inputs: readonly Tensor[], attributes: OperatorAttributes["quantized_conv2d"]): Tensor {
  const bias = inputs[2]?.data;
  const residual = inputs[3]?.data;
  const { multiplier, residualScale, outputScale, outputMax } = attributes.quantization;
  const factor = (factors: Float32Array | undefined, output: number): number => factors?.[output] ?? 1;
  return convolve(
    tensorAt(inputs, 0),
    tensorAt(inputs, 1),
    attributes,
    () => 0,
    (sum, output, at) => {
      const value = activate(attributes.activation, sum * factor(multiplier, output) + (bias?.[output] ?? 0));
      const real = value + (residual?.[at] ?? 0) * factor(residualScale, output);
      if (outputScale === undefined) return real;
      return Math.max(-outputMax, Math.min(outputMax, Math.round(real / factor(outputScale, output))));
    },
  );
}

/**
 * ONNX QLinearConv-10, except that factors are per output channel on both sides, zero points are 0, and activation and
 * residual are taken in between, in f32 (Jacob et al. 2018, arXiv:1712.05877, section 2).
 */
export const quantizedConv2d: OperatorDefinition<"quantized_conv2d"> = { infer, reference };
