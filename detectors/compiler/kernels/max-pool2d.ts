/**
 * Maximum over windows. The window is clipped at the edge of the map and reads no padding: the border of a feature map is
 * zeros, and a zero could win against negative values.
 */
import type { Assembler, Local } from "../wasm/assembler.ts";
import type { PlainName } from "../wasm/opcodes.ts";
import { type EmitKernel, inputAt, type MapType, vectorsOf } from "./kernel.ts";
import { advance, pointerTo, repeat } from "./loops.ts";

export const emitMaxPool2d: EmitKernel<"max_pool2d"> = (node, context) => {
  const x = context.map(inputAt(node, 0));
  const y = context.map(node.output);
  const { kernel, stride, padding } = node.attributes;
  const vectors = vectorsOf(y);
  const { least, max } = MAXIMA[x.dtype];
  return context.module.function(`max_pool2d ${node.output}`, [], [], (code) => {
    const output = pointerTo(code, y.address);
    const rows = windowAlong(code, x.height, kernel, stride);
    const columns = windowAlong(code, x.width, kernel, stride);
    const corner = code.local("i32");
    const rowStart = code.local("i32");
    const input = code.local("i32");
    const rowsLeft = code.local("i32");
    const columnsLeft = code.local("i32");
    // A cache line of each pixel at once: the lines of wide pixels do not stay in the cache until the next vector.
    const together = [4, 2].find((count) => vectors % count === 0) ?? 1;
    const maxima = Array.from({ length: together }, () => code.local("v128"));

    rows.start(-padding.top);
    repeat(code, y.height, () => {
      rows.clip();
      columns.start(-padding.left);
      repeat(code, y.width, () => {
        columns.clip();
        code.get(rows.first).i32(x.rowBytes).op("i32.mul");
        code.get(columns.first).i32(x.pixelBytes).op("i32.mul").op("i32.add");
        code.i32(x.address).op("i32.add").set(corner);
        repeat(code, vectors / together, () => {
          for (const best of maxima) {
            least(code);
            code.set(best);
          }
          code.get(corner).set(rowStart).get(rows.count).set(rowsLeft);
          code.loop((nextRow) => {
            code.get(rowStart).set(input).get(columns.count).set(columnsLeft);
            code.loop((nextColumn) => {
              for (const [vector, best] of maxima.entries()) {
                code
                  .get(best)
                  .get(input)
                  .memory("v128.load", 16 * vector)
                  .op(max)
                  .set(best);
              }
              advance(code, input, x.pixelBytes);
              code.get(columnsLeft).i32(1).op("i32.sub").tee(columnsLeft).brIf(nextColumn);
            });
            advance(code, rowStart, x.rowBytes);
            code.get(rowsLeft).i32(1).op("i32.sub").tee(rowsLeft).brIf(nextRow);
          });
          for (const [vector, best] of maxima.entries()) {
            code
              .get(output)
              .get(best)
              .memory("v128.store", 16 * vector);
          }
          advance(code, corner, 16 * together);
          advance(code, output, 16 * together);
        });
        advance(code, output, y.pixelBytes - 16 * vectors);
        columns.move();
      });
      advance(code, output, y.rowBytes - y.width * y.pixelBytes);
      rows.move();
    });
  });
};

/** The maximum of two vectors, and its neutral element. */
const MAXIMA: Readonly<
  Record<MapType, { readonly least: (code: Assembler) => void; readonly max: PlainName }>
> = {
  f32: { least: (code) => void code.f32(Number.NEGATIVE_INFINITY).op("f32x4.splat"), max: "f32x4.pmax" },
  i16: { least: (code) => void code.i32(-32_768).op("i16x8.splat"), max: "i16x8.max_s" },
  u7: { least: (code) => void code.i32(0).op("i16x8.splat"), max: "i8x16.max_u" },
  u8: { least: (code) => void code.i32(0).op("i16x8.splat"), max: "i8x16.max_u" },
};

interface WindowAxis {
  /** First position inside the map, and the number of positions. */
  readonly first: Local;
  readonly count: Local;
  /** Sets the start of the unclipped window to `at`. */
  start(at: number): void;
  /** Computes `first` and `count` for the current window. */
  clip(): void;
  /** Moves the window by one stride. */
  move(): void;
}

function windowAlong(code: Assembler, size: number, kernel: number, stride: number): WindowAxis {
  const from = code.local("i32");
  const first = code.local("i32");
  const count = code.local("i32");
  const end = code.local("i32");
  return {
    first,
    count,
    start: (at) => {
      code.i32(at).set(from);
    },
    clip: () => {
      code.get(from).set(first);
      code.get(from).i32(0).op("i32.lt_s");
      code.if(() => {
        code.i32(0).set(first);
      });
      code.get(from).i32(kernel).op("i32.add").tee(end).i32(size).op("i32.gt_s");
      code.if(() => {
        code.i32(size).set(end);
      });
      code.get(end).get(first).op("i32.sub").set(count);
    },
    move: () => advance(code, from, stride),
  };
}
