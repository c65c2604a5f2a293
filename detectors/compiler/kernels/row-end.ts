/** The end of a convolution's row in f32. */
import type { Assembler, Local } from "../wasm/assembler.ts";
import { prepareActivation } from "./activation.ts";
import type { Convolution } from "./conv2d-tile.ts";
import { advance, repeat } from "./loops.ts";

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
): void {
  if (activation === "none" && !addend) return;
  const activate = prepareActivation(code, activation);
  const value = code.local("v128");
  repeat(code, y.width, () => {
    repeat(code, blocks, () => {
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
      advance(code, output, 16 * vectors);
      if (addend) advance(code, addend, 16 * vectors);
    });
    advance(code, output, y.pixelBytes - 16 * vectors * blocks);
    if (addend && residual) advance(code, addend, residual.pixelBytes - 16 * vectors * blocks);
  });
}
