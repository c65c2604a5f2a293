import type { Size } from "../base/box.ts";
import { TransientError } from "../base/errors.ts";
import type { Frame } from "./frame.ts";

/** The camera's frames do not have the expected size: the size must be probed again. */
export class SizeChanged extends TransientError {}

/**
 * Reopens a camera with the frame size of its previous stream, since probing the size takes one to two seconds. If the
 * size is wrong, the camera is probed at once: another size does not mean that the camera is offline. After a stream
 * without a frame, the next stream is probed.
 * @param read reads the stream once; without a size it probes.
 */
export function rememberSize(
  read: (expected: Size | undefined) => AsyncIterable<Frame>,
): () => AsyncGenerator<Frame, void> {
  let last: Size | undefined;
  async function* remembering(frames: AsyncIterable<Frame>): AsyncGenerator<Frame, void> {
    for await (const frame of frames) {
      last = { width: frame.width, height: frame.height };
      yield frame;
    }
  }
  return async function* open() {
    const expected = last;
    last = undefined;
    try {
      yield* remembering(read(expected));
    } catch (error) {
      const wasWrong = error instanceof SizeChanged && expected !== undefined && last === undefined;
      if (!wasWrong) throw error;
      yield* remembering(read(undefined));
    }
  };
}
