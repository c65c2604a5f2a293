import type { Size } from "../base/box.ts";
import type { Frame } from "./frame.ts";
import { SizeChanged } from "./only-of-size.ts";

/**
 * Opens a camera again and again, and supposes that it still shows pictures of the size it showed last: to ask takes one to
 * two seconds. Where that is wrong it is asked at once: a camera that came back with another size is back. A stream without a
 * picture leaves nothing to suppose for the next one.
 * @param read reads the stream once; without a size it asks.
 */
export function rememberSize(
  read: (supposed: Size | undefined) => AsyncIterable<Frame>,
): () => AsyncGenerator<Frame, void> {
  let last: Size | undefined;
  async function* remembering(frames: AsyncIterable<Frame>): AsyncGenerator<Frame, void> {
    for await (const frame of frames) {
      last = { width: frame.width, height: frame.height };
      yield frame;
    }
  }
  return async function* open() {
    const supposed = last;
    last = undefined;
    try {
      yield* remembering(read(supposed));
    } catch (error) {
      const wasSupposedWrongly = error instanceof SizeChanged && supposed !== undefined && last === undefined;
      if (!wasSupposedWrongly) throw error;
      yield* remembering(read(undefined));
    }
  };
}
