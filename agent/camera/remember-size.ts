import type { Size } from "../preprocess/letterbox-geometry.ts";
import type { Frame } from "./frame.ts";

/**
 * Opens a camera again and again, and supposes that it still shows pictures of the size it showed last: to ask takes one to
 * two seconds. A stream without a picture, which is what a wrong size makes, leaves nothing to suppose for the next one.
 * @param read reads the stream once; without a size it asks.
 */
export function rememberSize(
  read: (supposed: Size | undefined) => AsyncIterable<Frame>,
): () => AsyncGenerator<Frame, void> {
  let last: Size | undefined;
  return async function* open() {
    const supposed = last;
    last = undefined;
    for await (const frame of read(supposed)) {
      last = { width: frame.width, height: frame.height };
      yield frame;
    }
  };
}
