/** The epilogue of a quantized convolution: accumulators become reals, and integers again where the output is quantized. */
import type { Activation } from "../ops/activation.ts";
import { minimumOf } from "../ops/activation.ts";
import type { ConvolutionQuantization } from "../ops/quantized-conv2d.ts";
import type { Target } from "../target.ts";
import type { Assembler, FunctionReference, Local } from "../wasm/assembler.ts";
import { type EmitActivation, prepareActivation } from "./activation.ts";
import type { PlacedConvolution } from "./convolution.ts";
import type { KernelContext } from "./kernel.ts";
import { loadAsFloats } from "./load-floats.ts";
import { add, repeat } from "./loops.ts";
import { multiplyAdd } from "./multiply-add.ts";
import { COARSE_SILU_UNIT, prepareCoarseSilu, prepareOnePlusPower } from "./sigmoid.ts";
import { prepareStoringIntegers, ROUNDING_OFFSET } from "./store-integers.ts";

/**
 * The unit of SiLU's argument, which is folded into the factors and saves a multiplication for the exponent: x / (1 + e^−x) is
 * t / (1 + 2^t) in units of −ln 2.
 */
const SILU_UNITS = { fine: -Math.LN2, coarse: COARSE_SILU_UNIT } as const;

/** The factors and addends of the epilogue, per output channel. */
interface Factors {
  readonly multiplier: Float32Array;
  readonly bias: Float32Array;
  readonly residual: Float32Array | undefined;
  /** 1 / scale of the output, times SiLU's unit. */
  readonly output: Float32Array | undefined;
  /** Added last: the zero points of output and residual, and the rounding offset. */
  readonly offset: Float32Array | undefined;
}

function factorsOf(
  { silu, multiplier, residual, output }: ConvolutionQuantization,
  activation: Activation,
  bias: Float32Array,
): Factors {
  const perOutput = output?.scale.map((scale) => 1 / scale);
  const rounding = output === undefined ? 0 : ROUNDING_OFFSET[output.dtype];
  const offset = bias.map((_, channel) => {
    const at = (factors: Float32Array | undefined) => factors?.[channel] ?? 0;
    const zero = at(output?.zero) - at(residual?.zero) * at(residual?.scale) * (perOutput?.[channel] ?? 1);
    return zero + rounding;
  });
  const factors = {
    multiplier,
    bias,
    residual: residual?.scale,
    output: perOutput,
    offset: offset.some((one) => one !== 0) ? offset : undefined,
  };
  if (activation !== "silu") return factors;
  const unit = SILU_UNITS[silu];
  const inUnits = (numbers: Float32Array) => numbers.map((number) => number / unit);
  return {
    ...factors,
    multiplier: inUnits(multiplier),
    bias: inUnits(bias),
    residual: factors.residual && inUnits(factors.residual),
    output: (perOutput ?? new Float32Array(bias.length).fill(1)).map((factor) => factor * unit),
  };
}

/** The factors in memory order, `lanes` of each per block; unneeded ones are omitted. */
function present({ multiplier, bias, residual, output, offset }: Factors): readonly Float32Array[] {
  return [multiplier, bias, residual, output, offset].filter((factors) => factors !== undefined);
}

/** The factors of `blocks` blocks of `lanes` channels as `emitQuantizedEpilogue` reads them. */
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

/** The row that the epilogue reads: accumulators of the micro-kernel (i32 for integers), or floats. */
export interface AccumulatorRow {
  readonly dtype: "i32" | "f32";
  readonly pixelBytes: number;
}

/** The addresses of one block of channels of one row. */
export interface EpilogueAddresses {
  readonly accumulators: Local;
  readonly output: Local;
  readonly factors: Local;
  readonly addend: Local | undefined;
}

/**
 * Emits the epilogue of one block of `vectors` · 4 channels of one output row:
 * out = (activation(sum · multiplier + bias) + addend · residual) · output + offset, rounded where the output is integers.
 */
export function emitQuantizedEpilogue(
  code: Assembler,
  convolution: PlacedConvolution,
  quantization: ConvolutionQuantization,
  vectors: number,
  accumulatorRow: AccumulatorRow,
  { accumulators, output, factors, addend }: EpilogueAddresses,
  context: KernelContext,
): void {
  const { y, residual } = convolution;
  const blockEpilogue = emitBlockEpilogue(convolution, quantization, vectors, accumulatorRow.dtype, context);
  code.get(accumulators).get(output).get(factors);
  if (addend) code.get(addend);
  else code.i32(0);
  code
    .i32(y.width)
    .i32(accumulatorRow.pixelBytes)
    .i32(y.pixelBytes)
    .i32(residual?.pixelBytes ?? 0);
  code.call(blockEpilogue);
}

/** The function for one block of a row, shared by all convolutions of this kind. */
function emitBlockEpilogue(
  { y, residual, activation }: PlacedConvolution,
  quantization: ConvolutionQuantization,
  vectors: number,
  accumulatorType: AccumulatorRow["dtype"],
  context: KernelContext,
): FunctionReference {
  const parameters = [
    ...(["accumulators", "output", "factors", "addend", "pixels"] as const),
    ...(["accumulatorPitch", "outputPitch", "addendPitch"] as const),
  ];
  return context.module.procedure(`row end×${vectors} of ${accumulatorType}`, parameters, (code, at) => {
    const { accumulators, output, factors, addend } = at;
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
    const activate = prepare(activation, quantization, code, context.target);
    const least = residual ? Number.NEGATIVE_INFINITY : minimumOf(activation);
    const store = quantization.output && prepareStoringIntegers(code, quantization.output, least);
    const value = code.local("v128");
    const results = Array.from({ length: vectors }, () => code.local("v128"));

    repeat(code, at.pixels, () => {
      for (const [vector, result] of results.entries()) {
        code.get(accumulators).memory("v128.load", 16 * vector);
        if (accumulatorType === "i32") code.op("f32x4.convert_i32x4_s");
        code.get(vectorAt(multiplier, vector));
        multiplyAdd(code, context.target, vectorAt(bias, vector));
        code.set(value);
        activate(value);
        if (residual && residualScale) {
          code.set(value);
          loadAsFloats(code, residual.dtype, addend, 0, 4 * vector);
          code.get(vectorAt(residualScale, vector));
          multiplyAdd(code, context.target, value);
        }
        if (perOutput) code.get(vectorAt(perOutput, vector));
        if (perOutput && offset) multiplyAdd(code, context.target, vectorAt(offset, vector));
        else if (perOutput) code.op("f32x4.mul");
        else if (offset) code.get(vectorAt(offset, vector)).op("f32x4.add");
        code.set(result);
      }
      if (store) {
        store(output, vectorAt(results, 0), vectorAt(results, 1));
      } else {
        for (const [vector, result] of results.entries()) {
          code
            .get(output)
            .get(result)
            .memory("v128.store", 16 * vector);
        }
      }
      add(code, accumulators, at.accumulatorPitch);
      add(code, output, at.outputPitch);
      if (residual) add(code, addend, at.addendPitch);
    });
  });
}

/** Prepares an activation; SiLU takes its argument in its unit. */
function prepare(
  activation: Activation,
  { silu, output }: ConvolutionQuantization,
  code: Assembler,
  target: Target,
): EmitActivation {
  if (activation !== "silu") return prepareActivation(code, activation, target);
  if (silu === "coarse") return prepareCoarseSilu(code);
  const onePlusPower = prepareOnePlusPower(code, output ? "integer" : "float", target);
  return (t) => {
    code.get(t).get(t);
    onePlusPower();
    code.op("f32x4.div");
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

function vectorAt(locals: readonly Local[], index: number): Local {
  const local = locals[index];
  if (local === undefined) throw new Error("a block of integers has two vectors");
  return local;
}
