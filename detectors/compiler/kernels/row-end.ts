/** The end of a convolution's row in f32. */
import type { Activation } from "../graph/graph.ts";
import type { Assembler, FunctionReference, Local } from "../wasm/assembler.ts";
import { prepareActivation } from "./activation.ts";
import type { Convolution } from "./convolution.ts";
import type { KernelContext } from "./kernel.ts";
import { add, advance, copyOf, repeat } from "./loops.ts";

/**
 * Activation and residual over a finished row of floats, in place.
 * @param blocks how many blocks of `vectors` vectors each pixel has here
 */
export function emitRowEnd(
  code: Assembler,
  { y, activation, residual }: Convolution,
  blocks: number,
  vectors: number,
  output: Local,
  addend: Local | undefined,
  context: KernelContext,
): void {
  if (activation === "none" && !addend) return;
  const blockEnd = emitBlockEnd(activation, residual !== undefined, vectors, context);
  const call = (
    firstOutput: Local,
    firstAddend: Local | undefined,
    pixels: number,
    pitches: number[],
  ): void => {
    code.get(firstOutput);
    if (firstAddend) code.get(firstAddend);
    code.i32(pixels);
    for (const pitch of pitches) code.i32(pitch);
    code.call(blockEnd);
  };
  const maps = residual === undefined ? [y] : [y, residual];
  const blockBytes = 16 * vectors;
  if (maps.every(({ pixelBytes }) => pixelBytes === blocks * blockBytes)) {
    const together = maps.map(() => blockBytes);
    call(output, addend, y.width * blocks, together);
    return;
  }
  const apart = maps.map(({ pixelBytes }) => pixelBytes);
  const blockOutput = copyOf(code, output);
  const blockAddend = addend && copyOf(code, addend);
  repeat(code, blocks, () => {
    call(blockOutput, blockAddend, y.width, apart);
    advance(code, blockOutput, blockBytes);
    if (blockAddend) advance(code, blockAddend, blockBytes);
  });
}

/** (output[, addend], pixels, outputPitch[, addendPitch]): the same for one block of channels, in any convolution. */
function emitBlockEnd(
  activation: Activation,
  hasAddend: boolean,
  vectors: number,
  { module }: KernelContext,
): FunctionReference {
  const params = Array.from({ length: hasAddend ? 5 : 3 }, () => "i32" as const);
  return module.function(`row end×${vectors}`, params, [], (code, ...locals) => {
    const [output, pixels, outputPitch, addend, addendPitch] = hasAddend
      ? [locals[0], locals[2], locals[3], locals[1], locals[4]]
      : locals;
    if (!output || !pixels || !outputPitch) throw new Error("a row end has three parameters, or five");
    const activate = prepareActivation(code, activation);
    const value = code.local("v128");
    repeat(code, pixels, () => {
      for (let vector = 0; vector < vectors; vector++) {
        code
          .get(output)
          .memory("v128.load", 16 * vector)
          .set(value)
          .get(output);
        activate(value);
        if (addend) {
          code
            .get(addend)
            .memory("v128.load", 16 * vector)
            .op("f32x4.add");
        }
        code.memory("v128.store", 16 * vector);
      }
      add(code, output, outputPitch);
      if (addend && addendPitch) add(code, addend, addendPitch);
    });
  });
}
