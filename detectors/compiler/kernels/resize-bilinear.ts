/**
 * Bilinear resize by an integer factor. Every pixel and its right, lower and lower right neighbours (repeated at the edge)
 * give factor × factor pixels; the fractions are constants in the code.
 */
import type { Assembler, Local } from "../wasm/assembler.ts";
import { type EmitKernel, inputAt, vectorsOf } from "./kernel.ts";
import { advance, pointerTo, repeat } from "./loops.ts";

export const emitResizeBilinear: EmitKernel<"resize_bilinear"> = (node, context) => {
  const x = context.map(inputAt(node, 0));
  const y = context.map(node.output);
  const { factor } = node.attributes;
  const vectors = vectorsOf(x);
  return context.module.function(`resize_bilinear ${node.output}`, [], [], (code) => {
    const input = pointerTo(code, x.address);
    const output = pointerTo(code, y.address);
    const below = distanceToNext(code, x.height, x.rowBytes);
    const right = distanceToNext(code, x.width, x.pixelBytes);
    const topLeft = code.local("v128");
    const topRight = code.local("v128");
    const bottomLeft = code.local("v128");
    const bottomRight = code.local("v128");
    const top = code.local("v128");
    const bottom = code.local("v128");
    const value = code.local("v128");

    below.start();
    repeat(code, x.height, () => {
      right.start();
      repeat(code, x.width, () => {
        repeat(code, vectors, () => {
          code.get(input).memory("v128.load").set(topLeft);
          code.get(input).get(right.bytes).op("i32.add").memory("v128.load").set(topRight);
          code.get(input).get(below.bytes).op("i32.add").memory("v128.load").set(bottomLeft);
          code.get(input).get(below.bytes).op("i32.add").get(right.bytes).op("i32.add");
          code.memory("v128.load").set(bottomRight);
          for (let column = 0; column < factor; column++) {
            mix(code, topLeft, topRight, column / factor, top);
            mix(code, bottomLeft, bottomRight, column / factor, bottom);
            for (let row = 0; row < factor; row++) {
              mix(code, top, bottom, row / factor, value);
              code
                .get(output)
                .get(value)
                .memory("v128.store", row * y.rowBytes + column * y.pixelBytes);
            }
          }
          advance(code, input, 16);
          advance(code, output, 16);
        });
        advance(code, input, x.pixelBytes - 16 * vectors);
        advance(code, output, factor * y.pixelBytes - 16 * vectors);
        right.move();
      });
      advance(code, input, x.rowBytes - x.width * x.pixelBytes);
      advance(code, output, factor * y.rowBytes - x.width * factor * y.pixelBytes);
      below.move();
    });
  });
};

/** result = from · (1 − share) + to · share */
function mix(code: Assembler, from: Local, to: Local, share: number, result: Local): void {
  code.get(from);
  if (share > 0) {
    code
      .f32(1 - share)
      .op("f32x4.splat")
      .op("f32x4.mul");
    code.get(to).f32(share).op("f32x4.splat").op("f32x4.mul").op("f32x4.add");
  }
  code.set(result);
}

/** Bytes to the next pixel or row; 0 for the last. */
function distanceToNext(code: Assembler, count: number, pitchBytes: number) {
  const left = code.local("i32");
  const bytes = code.local("i32");
  const update = (): void => {
    code.i32(pitchBytes).set(bytes).get(left).op("i32.eqz");
    code.if(() => {
      code.i32(0).set(bytes);
    });
  };
  return {
    bytes,
    start(): void {
      code.i32(count - 1).set(left);
      update();
    },
    move(): void {
      advance(code, left, -1);
      update();
    },
  };
}
