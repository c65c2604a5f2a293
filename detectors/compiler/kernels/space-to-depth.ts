/** Copies the pixels of a block into one pixel. Where pixels are contiguous, a row of a block is one run. */

import { ELEMENT_BYTES } from "../graph/value.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";
import { type EmitKernel, inputAt } from "./kernel.ts";
import { advance, pointerTo, repeat } from "./loops.ts";

export const emitSpaceToDepth: EmitKernel<"space_to_depth"> = (node, context) => {
  const x = context.map(inputAt(node, 0));
  const y = context.map(node.output);
  const { block } = node.attributes;
  const pixelBytes = x.channels * ELEMENT_BYTES[x.dtype];
  const isContiguous = x.pixelBytes === pixelBytes;
  const runs = isContiguous ? 1 : block;
  const runBytes = isContiguous ? block * pixelBytes : pixelBytes;
  return context.module.function(`space_to_depth ${node.output}`, [], [], (code) => {
    const input = pointerTo(code, x.address);
    const output = pointerTo(code, y.address);
    repeat(code, y.height, () => {
      repeat(code, y.width, () => {
        for (let dy = 0; dy < block; dy++) {
          for (let run = 0; run < runs; run++) {
            const from = dy * x.rowBytes + run * x.pixelBytes;
            copyRun(code, input, from, output, (dy * runs + run) * runBytes, runBytes);
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

/** Copies a run with the widest load that fits; the last copy overlaps the one before where the run is not a multiple. */
function copyRun(
  code: Assembler,
  input: Local,
  from: number,
  output: Local,
  to: number,
  runBytes: number,
): void {
  const width = COPY_WIDTHS.find(({ bytes }) => bytes <= runBytes);
  if (width === undefined)
    throw new Error(`space_to_depth: expected runs of at least 4 bytes, received ${runBytes}`);
  const { bytes, load, store } = width;
  for (let copy = 0; copy < Math.ceil(runBytes / bytes); copy++) {
    const at = Math.min(bytes * copy, runBytes - bytes);
    code
      .get(output)
      .get(input)
      .memory(load, from + at)
      .memory(store, to + at);
  }
}

const COPY_WIDTHS = [
  { bytes: 16, load: "v128.load", store: "v128.store" },
  { bytes: 4, load: "i32.load", store: "i32.store" },
] as const;
