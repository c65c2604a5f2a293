/** The end of a convolution's row where numbers are stored as integers: sums become reals and, where stored so, integers again. */
import type { Activation, ConvolutionQuantization } from "../graph/graph.ts";
import { leastOf } from "../ops/activation.ts";
import { STORED_RANGE } from "../ops/quantized-conv2d.ts";
import type { Assembler, FunctionReference, Local } from "../wasm/assembler.ts";
import { type EmitActivation, prepareActivation } from "./activation.ts";
import type { Convolution } from "./convolution.ts";
import type { KernelContext } from "./kernel.ts";
import { loadReals } from "./load-reals.ts";
import { add, broadcast, repeat } from "./loops.ts";
import { multiplyAdd } from "./multiply-add.ts";
import { type Accuracy, prepareOnePlusPower, ROUNDER } from "./sigmoid.ts";

/**
 * SiLU x / (1 + e^−x) is t / (1 + 2^t) in units of −ln 2: counted in these until the very end, nothing is multiplied for the
 * exponent.
 */
const SILU_UNIT = -Math.LN2;

/** What a row end multiplies by and adds, per output channel. */
interface Factors {
  readonly multiplier: Float32Array;
  readonly bias: Float32Array;
  readonly residual: Float32Array | undefined;
  /** 1 / scale of the output, and what it was counted in. */
  readonly output: Float32Array | undefined;
  /** What is left to add at the very end: both zero points. */
  readonly offset: Float32Array | undefined;
}

function factorsOf(
  { multiplier, residual, output }: ConvolutionQuantization,
  activation: Activation,
  bias: Float32Array,
): Factors {
  const perOutput = output?.scale.map((scale) => 1 / scale);
  const offset = bias.map((_, channel) => {
    const at = (factors: Float32Array | undefined) => factors?.[channel] ?? 0;
    return at(output?.zero) - at(residual?.zero) * at(residual?.scale) * (perOutput?.[channel] ?? 1);
  });
  const factors = {
    multiplier,
    bias,
    residual: residual?.scale,
    output: perOutput,
    offset: offset.some((one) => one !== 0) ? offset : undefined,
  };
  if (activation !== "silu") return factors;
  const inUnits = (numbers: Float32Array) => numbers.map((number) => number / SILU_UNIT);
  return {
    ...factors,
    multiplier: inUnits(multiplier),
    bias: inUnits(bias),
    residual: factors.residual && inUnits(factors.residual),
    output: (perOutput ?? new Float32Array(bias.length).fill(1)).map((factor) => factor * SILU_UNIT),
  };
}

/** In the order in which they lie in memory, `lanes` of each per block; those that are not needed take no room. */
function present({ multiplier, bias, residual, output, offset }: Factors): readonly Float32Array[] {
  return [multiplier, bias, residual, output, offset].filter((factors) => factors !== undefined);
}

/** The factors of `blocks` blocks of `lanes` channels as `emitQuantizedRowEnd` reads them. */
export function packFactors(
  quantization: ConvolutionQuantization,
  activation: Activation,
  bias: Float32Array,
  firstOutput: number,
  blocks: number,
  lanes: number,
): Float32Array {
  const factors = present(factorsOf(quantization, activation, bias));
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

/** Where one block of channels of one row lies. */
export interface RowEndAddresses {
  readonly sums: Local;
  readonly output: Local;
  readonly factors: Local;
  readonly addend: Local | undefined;
}

/**
 * One block of `vectors` · 4 channels of one row of output.
 * out = (activation(sum · multiplier + bias) + addend · residual) · output + offset, rounded where it is whole.
 */
export function emitQuantizedRowEnd(
  code: Assembler,
  convolution: Convolution,
  quantization: ConvolutionQuantization,
  vectors: number,
  sumRow: SumRow,
  { sums, output, factors, addend }: RowEndAddresses,
  context: KernelContext,
): void {
  const { y, residual } = convolution;
  const blockEnd = emitBlockEnd(convolution, quantization, vectors, sumRow.dtype, context);
  code.get(sums).get(output).get(factors);
  if (addend) code.get(addend);
  else code.i32(0);
  code
    .i32(y.width)
    .i32(sumRow.pixelBytes)
    .i32(y.pixelBytes)
    .i32(residual?.pixelBytes ?? 0);
  code.call(blockEnd);
}

/** The same for any row of this kind. */
function emitBlockEnd(
  { y, residual, activation }: Convolution,
  quantization: ConvolutionQuantization,
  vectors: number,
  sumType: SumRow["dtype"],
  context: KernelContext,
): FunctionReference {
  const parameters = [
    ...(["sums", "output", "factors", "addend", "pixels"] as const),
    ...(["sumPitch", "outputPitch", "addendPitch"] as const),
  ];
  return context.module.procedure(`row end×${vectors} of ${sumType}`, parameters, (code, at) => {
    const { sums, output, factors, addend } = at;
    let row = 0;
    const loadFactor = (): readonly Local[] => {
      const first = vectors * row++;
      return Array.from({ length: vectors }, (_, vector) => loadVector(code, factors, first + vector));
    };
    const needed = factorsOf(quantization, activation, new Float32Array(y.channels));
    const multiplier = loadFactor();
    const bias = loadFactor();
    const residualScale = needed.residual && loadFactor();
    const perOutput = needed.output && loadFactor();
    const offset = needed.offset && loadFactor();
    const accuracy = quantization.output ? "whole" : "float";
    const activate =
      activation === "silu" ? prepareSiluInUnits(code, accuracy) : prepareActivation(code, activation);
    const least = residual ? Number.NEGATIVE_INFINITY : leastOf(activation);
    const store = quantization.output && prepareStoring(code, quantization.output, least);
    const value = code.local("v128");
    const results = Array.from({ length: vectors }, () => code.local("v128"));

    repeat(code, at.pixels, () => {
      for (const [vector, result] of results.entries()) {
        code.get(sums).memory("v128.load", 16 * vector);
        if (sumType === "i32") code.op("f32x4.convert_i32x4_s");
        code.set(result);
        code.get(ofVector(bias, vector)).set(value);
        multiplyAdd(code, context.target, result, ofVector(multiplier, vector), value);
        activate(value);
        code.set(value);
        if (residual && residualScale) {
          loadReals(code, residual.dtype, addend, 0, 4 * vector);
          code.set(result);
          multiplyAdd(code, context.target, result, ofVector(residualScale, vector), value);
        }
        code.get(value);
        if (perOutput) code.get(ofVector(perOutput, vector)).op("f32x4.mul");
        if (offset) code.get(ofVector(offset, vector)).op("f32x4.add");
        code.set(result);
      }
      if (store) {
        store(output, ofVector(results, 0), ofVector(results, 1));
      } else {
        for (const [vector, result] of results.entries()) {
          code
            .get(output)
            .get(result)
            .memory("v128.store", 16 * vector);
        }
      }
      add(code, sums, at.sumPitch);
      add(code, output, at.outputPitch);
      if (residual) add(code, addend, at.addendPitch);
    });
  });
}

/** SiLU of a number in units of −ln 2. */
function prepareSiluInUnits(code: Assembler, accuracy: Accuracy): EmitActivation {
  const onePlusPower = prepareOnePlusPower(code, accuracy);
  return (t) => {
    code.get(t).get(t);
    onePlusPower();
    code.op("f32x4.div");
  };
}

/**
 * Prepares what rounds two vectors and stores them as eight whole numbers within their range.
 * @param least the least real that may come
 */
function prepareStoring(
  code: Assembler,
  { dtype, scale, zero }: NonNullable<ConvolutionQuantization["output"]>,
  least: number,
): (output: Local, low: Local, high: Local) => void {
  // Of a sum above the rounder's bits only grow, and narrowing cuts them off. One below 0 would have another sign.
  const mayFallFar = scale.some((factor, channel) => least / factor + (zero[channel] ?? 0) <= -ROUNDER);
  const floor = mayFallFar ? broadcast(code, -ROUNDER / 2) : undefined;
  const rounder = broadcast(code, ROUNDER);
  const [leastStored, mostStored] = STORED_RANGE[dtype].map((stored) => {
    const local = code.local("v128");
    code.i32(stored).op("i16x8.splat").set(local);
    return local;
  });
  if (!leastStored || !mostStored) throw new Error("a range has two ends");
  const narrowed = code.local("v128");
  return (output, low, high) => {
    code.get(output);
    for (const reals of [low, high]) {
      code.get(reals);
      if (floor) code.get(floor).op("f32x4.pmax");
      code.get(rounder).op("f32x4.add").get(rounder).op("i32x4.sub");
    }
    code.op("i16x8.narrow_i32x4_s").get(mostStored).op("i16x8.min_s");
    if (dtype === "i16") code.get(leastStored).op("i16x8.max_s").memory("v128.store");
    else code.tee(narrowed).get(narrowed).op("i8x16.narrow_i16x8_u").storeLowHalf();
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

function ofVector(locals: readonly Local[], index: number): Local {
  const local = locals[index];
  if (local === undefined) throw new Error("a block of whole numbers has two vectors");
  return local;
}
