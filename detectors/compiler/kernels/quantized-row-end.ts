/** The end of a convolution's row where numbers are stored as integers: sums become reals and, where stored so, integers again. */
import type { ConvolutionQuantization } from "../graph/graph.ts";
import type { Assembler, FunctionReference, Local } from "../wasm/assembler.ts";
import { prepareActivation } from "./activation.ts";
import type { Convolution } from "./conv2d-tile.ts";
import type { KernelContext } from "./kernel.ts";
import { loadReals } from "./load-reals.ts";
import { advance, repeat } from "./loops.ts";
import { multiplyAdd } from "./multiply-add.ts";

/** Adding 1.5 · 2²³ leaves a float's nearest whole number in its low bits, exact up to 2²². */
const ROUNDER = 12_582_912;

/** The factors that a row end needs, in the order in which they lie in memory, `lanes` of each per block. */
function factorsOf(
  { multiplier, residualScale, outputScale }: ConvolutionQuantization,
  bias: Float32Array,
): readonly Float32Array[] {
  return [
    multiplier,
    bias,
    ...(residualScale === undefined ? [] : [residualScale]),
    ...(outputScale === undefined ? [] : [outputScale.map((scale) => 1 / scale)]),
  ];
}

/** The factors of `blocks` blocks of `lanes` channels as `emitQuantizedRowEnd` reads them. */
export function packFactors(
  quantization: ConvolutionQuantization,
  bias: Float32Array,
  firstOutput: number,
  blocks: number,
  lanes: number,
): Float32Array {
  const factors = factorsOf(quantization, bias);
  const packed = new Float32Array(blocks * factors.length * lanes);
  for (let block = 0; block < blocks; block++) {
    const first = firstOutput + block * lanes;
    for (const [row, factor] of factors.entries()) {
      packed.set(factor.subarray(first, first + lanes), (block * factors.length + row) * lanes);
    }
  }
  return packed;
}

/** What a row end reads: sums as the tile leaves them (i32 of whole numbers) or floats. */
export interface SumRow {
  readonly dtype: "i32" | "f32";
  readonly pixelBytes: number;
}

/**
 * (sums, output, factors, addend): one block of `vectors` · 4 channels of one row of output.
 * out = activation(sum · multiplier + bias) + addend · residualScale, times 1 / outputScale and rounded where it is whole.
 */
export function emitQuantizedRowEnd(
  { name, y, residual, activation }: Convolution,
  quantization: ConvolutionQuantization,
  vectors: number,
  sumRow: SumRow,
  context: KernelContext,
): FunctionReference {
  const params = ["i32", "i32", "i32", "i32"] as const;
  return context.module.function(`conv2d ${name} row end×${vectors}`, params, [], (code, ...addresses) => {
    const [sums, output, factors, addend] = addresses;
    if (!sums || !output || !factors || !addend) throw new Error("a row end has four parameters");
    let row = 0;
    const loadFactor = (): readonly Local[] => {
      const first = vectors * row++;
      return Array.from({ length: vectors }, (_, vector) => loadVector(code, factors, first + vector));
    };
    const multiplier = loadFactor();
    const bias = loadFactor();
    const residualScale = quantization.residualScale && loadFactor();
    const perOutputScale = quantization.outputScale && loadFactor();
    const activate = prepareActivation(code, activation, context);
    const toWhole = perOutputScale && prepareRounding(code, quantization.outputMax);
    const value = code.local("v128");
    const results = Array.from({ length: vectors }, () => code.local("v128"));

    repeat(code, y.width, () => {
      for (const [vector, result] of results.entries()) {
        code.get(sums).memory("v128.load", 16 * vector);
        if (sumRow.dtype === "i32") code.op("f32x4.convert_i32x4_s");
        code.set(result);
        code.get(at(bias, vector)).set(value);
        multiplyAdd(code, context.target, result, at(multiplier, vector), value);
        activate(value);
        code.set(value);
        if (residual && residualScale) {
          loadReals(code, residual.dtype, addend, 0, 4 * vector);
          code.set(result);
          multiplyAdd(code, context.target, result, at(residualScale, vector), value);
        }
        code.get(value);
        if (perOutputScale && toWhole) {
          code.get(at(perOutputScale, vector)).op("f32x4.mul");
          toWhole();
        }
        code.set(result);
      }
      if (toWhole) {
        code.get(output).get(at(results, 0)).get(at(results, 1));
        code.op("i16x8.narrow_i32x4_s").memory("v128.store");
      } else {
        for (const [vector, result] of results.entries()) {
          code
            .get(output)
            .get(result)
            .memory("v128.store", 16 * vector);
        }
      }
      advance(code, sums, sumRow.pixelBytes);
      advance(code, output, y.pixelBytes);
      if (residual) advance(code, addend, residual.pixelBytes);
    });
  });
}

/** Prepares the rounding of the vector on the stack to whole numbers within ±outputMax. */
function prepareRounding(code: Assembler, outputMax: number): () => void {
  const constant = (value: number): Local => {
    const local = code.local("v128");
    code.f32(value).op("f32x4.splat").set(local);
    return local;
  };
  const rounder = constant(ROUNDER);
  const most = constant(outputMax);
  const least = constant(-outputMax);
  return () => {
    code.get(most).op("f32x4.pmin").get(least).op("f32x4.pmax");
    code.get(rounder).op("f32x4.add").get(rounder).op("i32x4.sub");
  };
}

function loadVector(code: Assembler, address: Local, vector: number): Local {
  const local = code.local("v128");
  code
    .get(address)
    .memory("v128.load", 16 * vector)
    .set(local);
  return local;
}

function at(locals: readonly Local[], index: number): Local {
  const local = locals[index];
  if (local === undefined) throw new Error("a block of whole numbers has two vectors");
  return local;
}
