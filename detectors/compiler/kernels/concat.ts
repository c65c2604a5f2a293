/** Concatenates channels. Parts that were written in place cost nothing; others are copied element by element. */

import { ELEMENT_BYTES } from "../graph/value.ts";
import type { EmitKernel } from "./kernel.ts";
import { advance, pointerTo, repeat } from "./loops.ts";

export const emitConcat: EmitKernel<"concat"> = (node, context) => {
  const y = context.map(node.output);
  const elementBytes = ELEMENT_BYTES[y.dtype];
  const { load, store } = copiesOf(elementBytes);
  return context.module.function(`concat ${node.output}`, [], [], (code) => {
    let channelBytes = 0;
    for (const part of node.inputs) {
      const x = context.map(part);
      const isInPlace = x.address === y.address + channelBytes;
      if (!isInPlace) {
        const input = pointerTo(code, x.address);
        const output = pointerTo(code, y.address + channelBytes);
        repeat(code, x.height, () => {
          repeat(code, x.width, () => {
            repeat(code, x.channels, () => {
              code.get(output).get(input).memory(load).memory(store);
              advance(code, input, elementBytes);
              advance(code, output, elementBytes);
            });
            advance(code, input, x.pixelBytes - elementBytes * x.channels);
            advance(code, output, y.pixelBytes - elementBytes * x.channels);
          });
          advance(code, input, x.rowBytes - x.width * x.pixelBytes);
          advance(code, output, y.rowBytes - x.width * y.pixelBytes);
        });
      }
      channelBytes += elementBytes * x.channels;
    }
  });
};

/** The load and store of an element of this size. */
function copiesOf(bytes: number) {
  switch (bytes) {
    case 1:
      return { load: "i32.load8_u", store: "i32.store8" } as const;
    case 2:
      return { load: "i32.load16_u", store: "i32.store16" } as const;
    default:
      return { load: "i32.load", store: "i32.store" } as const;
  }
}
