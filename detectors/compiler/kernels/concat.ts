/** Joins channels. Parts that were written in place cost nothing; the others are copied float by float. */
import type { EmitKernel } from "./kernel.ts";
import { advance, pointerTo, repeat } from "./loops.ts";

export const emitConcat: EmitKernel<"concat"> = (node, context) => {
  const y = context.map(node.output);
  return context.module.function(`concat ${node.output}`, [], [], (code) => {
    let channelBytes = 0;
    for (const part of node.inputs) {
      const x = context.map(part);
      const isThere = x.address === y.address + channelBytes;
      if (!isThere) {
        const input = pointerTo(code, x.address);
        const output = pointerTo(code, y.address + channelBytes);
        repeat(code, x.height, () => {
          repeat(code, x.width, () => {
            repeat(code, x.channels, () => {
              code.get(output).get(input).memory("i32.load").memory("i32.store");
              advance(code, input, 4);
              advance(code, output, 4);
            });
            advance(code, input, x.pixelBytes - 4 * x.channels);
            advance(code, output, y.pixelBytes - 4 * x.channels);
          });
          advance(code, input, x.rowBytes - x.width * x.pixelBytes);
          advance(code, output, y.rowBytes - x.width * y.pixelBytes);
        });
      }
      channelBytes += 4 * x.channels;
    }
  });
};
