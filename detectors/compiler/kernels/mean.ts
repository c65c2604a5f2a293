/** Average over all pixels, several vectors of channels at a time, so that each cache line is read once. */
import { type EmitKernel, inputAt, vectorsOf } from "./kernel.ts";
import { advance, copyOf, pointerTo, repeat } from "./loops.ts";

/** The vectors of a cache line. */
const VECTORS_AT_ONCE = 4;

export const emitMean: EmitKernel<"mean"> = (node, context) => {
  const x = context.map(inputAt(node, 0));
  const y = context.map(node.output);
  const vectors = vectorsOf(y);
  return context.module.function(`mean ${node.output}`, [], [], (code) => {
    const corner = pointerTo(code, x.address);
    const output = pointerTo(code, y.address);
    const emitColumn = (width: number): void => {
      const columns = Array.from({ length: width }, (_, vector) => ({
        offset: 16 * vector,
        sum: code.local("v128"),
        rowSum: code.local("v128"),
      }));
      const input = copyOf(code, corner);
      for (const { sum } of columns) code.f32(0).op("f32x4.splat").set(sum);
      // A sum per row keeps the rounding error small in maps with many pixels.
      repeat(code, x.height, () => {
        for (const { rowSum } of columns) code.f32(0).op("f32x4.splat").set(rowSum);
        repeat(code, x.width, () => {
          for (const { offset, rowSum } of columns) {
            code.get(rowSum).get(input).memory("v128.load", offset).op("f32x4.add").set(rowSum);
          }
          advance(code, input, x.pixelBytes);
        });
        for (const { sum, rowSum } of columns) code.get(sum).get(rowSum).op("f32x4.add").set(sum);
        advance(code, input, x.rowBytes - x.width * x.pixelBytes);
      });
      for (const { offset, sum } of columns) {
        const share = 1 / (x.height * x.width);
        code.get(output).get(sum).f32(share).op("f32x4.splat").op("f32x4.mul").memory("v128.store", offset);
      }
      advance(code, corner, 16 * width);
      advance(code, output, 16 * width);
    };
    repeat(code, Math.floor(vectors / VECTORS_AT_ONCE), () => emitColumn(VECTORS_AT_ONCE));
    if (vectors % VECTORS_AT_ONCE > 0) emitColumn(vectors % VECTORS_AT_ONCE);
  });
};
