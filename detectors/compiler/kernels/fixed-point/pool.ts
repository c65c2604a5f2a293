/** Pooling of bytes. Windows are cut to the input, so that padding needs no memory. */
import { isByte } from "../../ops/fixed-point/quantized.ts";
import type { Assembler, Local } from "../../wasm/assembler.ts";
import { inputAt, type Kernel, kernel } from "../kernel.ts";
import { advance, copyOf, pointerTo, repeat } from "../loops.ts";
import { tensorInMemory } from "../operand.ts";
import { LOAD_1 } from "./bytes.ts";

const VECTOR = 16;

/** A window along one axis, cut to the input: its first position, and the number of its positions. */
interface Cut {
  readonly first: Local;
  readonly count: Local;
}

/** Prepares a window's part inside of an axis of `size`, for a window that starts at `start`. */
function prepareCut(code: Assembler, kernelSize: number, size: number): (start: Local) => Cut {
  const [first, count, end] = [code.local("i32"), code.local("i32"), code.local("i32")];
  return (start) => {
    code.get(start).i32(0).get(start).i32(0).op("i32.gt_s").op("select").set(first);
    code.get(start).i32(kernelSize).op("i32.add").set(end);
    code.get(end).i32(size).get(end).i32(size).op("i32.lt_s").op("select");
    code.get(first).op("i32.sub").set(count);
    return { first, count };
  };
}

/** Pushes x limited to a range; nothing where the range is that of the type. */
function limit(code: Assembler, x: Local, least: number, most: number): void {
  code.get(x).i32(least).get(x).i32(least).op("i32.gt_s").op("select").set(x);
  code.get(x).i32(most).get(x).i32(most).op("i32.lt_s").op("select");
}

/** A kernel that walks over the windows of all pixels, and over the channels of each. */
export const bytePoolKernel: Kernel<"byte_pool"> = kernel((node, context) => {
  const { combining, kernel: window, strides, padding, least, most } = node.attributes;
  const x = tensorInMemory(context, inputAt(node, 0));
  const y = tensorInMemory(context, node.output);
  const { dtype } = x;
  if (!isByte(dtype)) throw new Error(`byte_pool ${node.output}: expected bytes`);
  const [batch = 0, height = 0, width = 0, channels = 0] = x.shape;
  const [, rows = 0, columns = 0] = y.shape;
  const sign = dtype === "i8" ? "s" : "u";
  return context.module.function(`byte_pool ${node.output}`, [], [], (code) => {
    const image = pointerTo(code, x.address);
    const to = pointerTo(code, y.address);
    const [top, left] = [code.local("i32"), code.local("i32")];
    const cutRows = prepareCut(code, window[0], height);
    const cutColumns = prepareCut(code, window[1], width);
    const corner = code.local("i32");
    const source = code.local("i32");
    const best = code.local("v128");
    const [lowest, highest] = [code.local("v128"), code.local("v128")];
    code.i32(least).op("i8x16.splat").set(lowest).i32(most).op("i8x16.splat").set(highest);
    const [sum, value, size, half] = [
      code.local("i32"),
      code.local("i32"),
      code.local("i32"),
      code.local("i32"),
    ];
    /** Visits each pixel of the window, of the channels at `corner`. */
    const visit = (down: Cut, right: Cut, body: () => void): void => {
      const line = copyOf(code, corner);
      repeat(code, down.count, () => {
        code.get(line).set(source);
        repeat(code, right.count, () => {
          body();
          advance(code, source, channels);
        });
        advance(code, line, width * channels);
      });
    };
    const maxVector = (down: Cut, right: Cut): void => {
      code.get(lowest).set(best);
      visit(down, right, () =>
        code.get(best).get(source).memory("v128.load").op(`i8x16.max_${sign}`).set(best),
      );
      code.get(to).get(best).get(highest).op(`i8x16.min_${sign}`).memory("v128.store");
    };
    const maxOne = (down: Cut, right: Cut): void => {
      code.i32(least).set(sum);
      visit(down, right, () => {
        code.get(source).memory(LOAD_1[dtype]).set(value);
        code.get(value).get(sum).get(value).get(sum).op("i32.gt_s").op("select").set(sum);
      });
      code.get(to);
      limit(code, sum, least, most);
      code.memory("i32.store8");
    };
    const averageOne = (down: Cut, right: Cut): void => {
      code.i32(0).set(sum);
      visit(down, right, () => code.get(sum).get(source).memory(LOAD_1[dtype]).op("i32.add").set(sum));
      // Halves away from zero: half a divisor with the sign of the sum is added.
      code.get(half).i32(0).get(half).op("i32.sub").get(sum).i32(0).op("i32.gt_s").op("select");
      code.get(sum).op("i32.add").get(size).op("i32.div_s").set(sum);
      code.get(to);
      limit(code, sum, least, most);
      code.memory("i32.store8");
    };
    const pixel = (down: Cut, right: Cut): void => {
      code.get(image).get(down.first).i32(width).op("i32.mul").get(right.first).op("i32.add");
      code.i32(channels).op("i32.mul").op("i32.add").set(corner);
      code.get(down.count).get(right.count).op("i32.mul").tee(size).i32(1).op("i32.shr_u").set(half);
      const step = (bytes: number, body: (down: Cut, right: Cut) => void) => () => {
        body(down, right);
        advance(code, corner, bytes);
        advance(code, to, bytes);
      };
      if (combining === "average") {
        repeat(code, channels, step(1, averageOne));
        return;
      }
      repeat(code, Math.floor(channels / VECTOR), step(VECTOR, maxVector));
      repeat(code, channels % VECTOR, step(1, maxOne));
    };
    repeat(code, batch, () => {
      code.i32(-padding.top).set(top);
      repeat(code, rows, () => {
        code.i32(-padding.left).set(left);
        const down = cutRows(top);
        repeat(code, columns, () => {
          pixel(down, cutColumns(left));
          advance(code, left, strides[1]);
        });
        advance(code, top, strides[0]);
      });
      advance(code, image, height * width * channels);
    });
  });
});
