/** The epilogue of a convolution in f32. */
import type { Activation } from "../ops/activation.ts";
import type { Assembler, FunctionReference, Local } from "../wasm/assembler.ts";
import { prepareActivation } from "./activation.ts";
import type { PlacedConvolution } from "./convolution.ts";
import type { FeatureMap, KernelContext } from "./kernel.ts";
import { add, advance, copyOf, repeat } from "./loops.ts";

/**
 * Applies activation and residual to a row of accumulated floats, in place.
 * @param blocks number of blocks of `vectors` vectors per pixel
 */
export function emitEpilogue(
  code: Assembler,
  { y, activation, residual }: PlacedConvolution,
  blocks: number,
  vectors: number,
  output: Local,
  addend: Local | undefined,
  context: KernelContext,
): void {
  if (activation === "none" && !addend) return;
  const blockEpilogue = emitBlockEpilogue(activation, residual !== undefined, vectors, context);
  const blockBytes = 16 * vectors;
  // Without gaps between pixels, the blocks of a row are one contiguous run.
  const isGapless = [y, residual].every((map) => map === undefined || map.pixelBytes === blocks * blockBytes);
  const pitchOf = ({ pixelBytes }: FeatureMap): number => (isGapless ? blockBytes : pixelBytes);
  const blockOutput = copyOf(code, output);
  const blockAddend = addend && copyOf(code, addend);
  repeat(code, isGapless ? 1 : blocks, () => {
    code.get(blockOutput);
    if (blockAddend) code.get(blockAddend);
    else code.i32(0);
    code.i32(isGapless ? y.width * blocks : y.width);
    code
      .i32(pitchOf(y))
      .i32(residual === undefined ? 0 : pitchOf(residual))
      .call(blockEpilogue);
    advance(code, blockOutput, blockBytes);
    if (blockAddend) advance(code, blockAddend, blockBytes);
  });
}

/** The function for one block of channels of a row, shared by all convolutions. */
function emitBlockEpilogue(
  activation: Activation,
  hasAddend: boolean,
  vectors: number,
  { module, target }: KernelContext,
): FunctionReference {
  const parameters = ["output", "addend", "pixels", "outputPitch", "addendPitch"] as const;
  return module.procedure(`row end×${vectors}`, parameters, (code, at) => {
    const activate = prepareActivation(code, activation, target);
    const value = code.local("v128");
    repeat(code, at.pixels, () => {
      for (let vector = 0; vector < vectors; vector++) {
        code
          .get(at.output)
          .memory("v128.load", 16 * vector)
          .set(value)
          .get(at.output);
        activate(value);
        if (hasAddend) {
          code
            .get(at.addend)
            .memory("v128.load", 16 * vector)
            .op("f32x4.add");
        }
        code.memory("v128.store", 16 * vector);
      }
      add(code, at.output, at.outputPitch);
      if (hasAddend) add(code, at.addend, at.addendPitch);
    });
  });
}
