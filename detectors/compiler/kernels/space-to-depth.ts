/** Puts a block's pixels side by side. Where pixels lie back to back, a row of a block is one contiguous run. */
import type { Assembler, Local } from "../wasm/assembler.ts";
import { type EmitKernel, inputAt } from "./kernel.ts";
import { advance, pointerTo, repeat } from "./loops.ts";

export const emitSpaceToDepth: EmitKernel<"space_to_depth"> = (node, context) => {
  const x = context.map(inputAt(node, 0));
  const y = context.map(node.output);
  const { block } = node.attributes;
  const isContiguous = x.pixelBytes === x.channels * 4;
  const runs = isContiguous ? 1 : block;
  const floats = isContiguous ? block * x.channels : x.channels;
  return context.module.function(`space_to_depth ${node.output}`, [], [], (code) => {
    const input = pointerTo(code, x.address);
    const output = pointerTo(code, y.address);
    repeat(code, y.height, () => {
      repeat(code, y.width, () => {
        for (let dy = 0; dy < block; dy++) {
          for (let run = 0; run < runs; run++) {
            const from = dy * x.rowBytes + run * x.pixelBytes;
            copyFloats(code, input, from, output, (dy * runs + run) * floats * 4, floats);
          }
        }
        advance(code, input, block * x.pixelBytes);
        advance(code, output, y.pixelBytes);
      });
      advance(code, input, block * x.rowBytes - x.width * x.pixelBytes);
      advance(code, output, y.rowBytes - y.width * y.pixelBytes);
    });
  });
};

/** Copies whole vectors; the last one overlaps its neighbour where the count does not come out even. */
function copyFloats(
  code: Assembler,
  input: Local,
  from: number,
  output: Local,
  to: number,
  floats: number,
): void {
  if (floats < 4) {
    for (let at = 0; at < floats * 4; at += 4) {
      code
        .get(output)
        .get(input)
        .memory("i32.load", from + at)
        .memory("i32.store", to + at);
    }
    return;
  }
  for (let vector = 0; vector < Math.ceil(floats / 4); vector++) {
    const at = Math.min(16 * vector, 4 * floats - 16);
    code
      .get(output)
      .get(input)
      .memory("v128.load", from + at)
      .memory("v128.store", to + at);
  }
}
