/** Average over all pixels, vector by vector of channels. */
import { type EmitKernel, inputAt, vectorsOf } from "./kernel.ts";
import { advance, copyOf, pointerTo, repeat } from "./loops.ts";

export const emitMean: EmitKernel<"mean"> = (node, context) => {
  const x = context.map(inputAt(node, 0));
  const y = context.map(node.output);
  return context.module.function(`mean ${node.output}`, [], [], (code) => {
    const corner = pointerTo(code, x.address);
    const output = pointerTo(code, y.address);
    const sum = code.local("v128");
    const rowSum = code.local("v128");
    repeat(code, vectorsOf(y), () => {
      const input = copyOf(code, corner);
      code.f32(0).op("f32x4.splat").set(sum);
      // A sum per row keeps the error small where a picture has many pixels.
      repeat(code, x.height, () => {
        code.f32(0).op("f32x4.splat").set(rowSum);
        repeat(code, x.width, () => {
          code.get(rowSum).get(input).memory("v128.load").op("f32x4.add").set(rowSum);
          advance(code, input, x.pixelBytes);
        });
        code.get(sum).get(rowSum).op("f32x4.add").set(sum);
        advance(code, input, x.rowBytes - x.width * x.pixelBytes);
      });
      code
        .get(output)
        .get(sum)
        .f32(1 / (x.height * x.width))
        .op("f32x4.splat")
        .op("f32x4.mul");
      code.memory("v128.store");
      advance(code, corner, 16);
      advance(code, output, 16);
    });
  });
};
