/** Nearest neighbour by an integer factor: every vector is read once and written factor × factor times. */
import { type EmitKernel, inputAt, vectorsOf } from "./kernel.ts";
import { advance, pointerTo, repeat } from "./loops.ts";

export const emitUpsample: EmitKernel<"upsample"> = (node, context) => {
  const x = context.map(inputAt(node, 0));
  const y = context.map(node.output);
  const { factor } = node.attributes;
  const vectors = vectorsOf(x);
  return context.module.function(`upsample ${node.output}`, [], [], (code) => {
    const input = pointerTo(code, x.address);
    const output = pointerTo(code, y.address);
    const value = code.local("v128");
    repeat(code, x.height, () => {
      repeat(code, x.width, () => {
        repeat(code, vectors, () => {
          code.get(input).memory("v128.load").set(value);
          for (let copy = 0; copy < factor * factor; copy++) {
            const row = Math.floor(copy / factor);
            const column = copy % factor;
            code
              .get(output)
              .get(value)
              .memory("v128.store", row * y.rowBytes + column * y.pixelBytes);
          }
          advance(code, input, 16);
          advance(code, output, 16);
        });
        advance(code, input, x.pixelBytes - 16 * vectors);
        advance(code, output, factor * y.pixelBytes - 16 * vectors);
      });
      advance(code, input, x.rowBytes - x.width * x.pixelBytes);
      advance(code, output, factor * y.rowBytes - x.width * factor * y.pixelBytes);
    });
  });
};
