/** Image bytes to floats, 16 at a time: a row is one contiguous run in input and output. */
import { type EmitKernel, inputAt } from "./kernel.ts";
import { advance, pointerTo, repeat } from "./loops.ts";

const BYTES_AT_ONCE = 16;

export const emitNormalize: EmitKernel<"normalize"> = (node, context) => {
  const x = context.map(inputAt(node, 0));
  const y = context.map(node.output);
  if (y.pixelBytes !== y.channels * 4) {
    throw new Error(`normalize ${node.output}: expected contiguous pixels, received a gap`);
  }
  const elements = x.width * x.channels;
  return context.module.function(`normalize ${node.output}`, [], [], (code) => {
    const input = pointerTo(code, x.address);
    const output = pointerTo(code, y.address);
    const scale = code.local("v128");
    const bytes = code.local("v128");
    code.f32(node.attributes.scale).op("f32x4.splat").set(scale);
    repeat(code, x.height, () => {
      repeat(code, Math.floor(elements / BYTES_AT_ONCE), () => {
        code.get(input).memory("v128.load").set(bytes);
        for (const [quarter, widen, widenAgain] of [
          [0, "i16x8.extend_low_i8x16_u", "i32x4.extend_low_i16x8_u"],
          [1, "i16x8.extend_low_i8x16_u", "i32x4.extend_high_i16x8_u"],
          [2, "i16x8.extend_high_i8x16_u", "i32x4.extend_low_i16x8_u"],
          [3, "i16x8.extend_high_i8x16_u", "i32x4.extend_high_i16x8_u"],
        ] as const) {
          code.get(output).get(bytes).op(widen).op(widenAgain).op("f32x4.convert_i32x4_u");
          code
            .get(scale)
            .op("f32x4.mul")
            .memory("v128.store", 16 * quarter);
        }
        advance(code, input, BYTES_AT_ONCE);
        advance(code, output, BYTES_AT_ONCE * 4);
      });
      repeat(code, elements % BYTES_AT_ONCE, () => {
        code.get(output).get(input).memory("i32.load8_u").op("f32.convert_i32_u");
        code.f32(node.attributes.scale).op("f32.mul").memory("f32.store");
        advance(code, input, 1);
        advance(code, output, 4);
      });
      advance(code, output, y.rowBytes - elements * 4);
    });
  });
};
