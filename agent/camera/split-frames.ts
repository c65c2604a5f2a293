import { releaseMemory } from "../base/release-memory.ts";

/**
 * Splits a byte stream into frames of `frameBytes` bytes, independent of chunk boundaries; drops an incomplete last frame.
 * Copies every byte once, into newly allocated memory for each frame. Releases the memory of the chunks.
 */
export async function* splitFrames(
  chunks: AsyncIterable<Uint8Array>,
  frameBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let frame: Uint8Array | undefined;
  let filled = 0;
  for await (const chunk of chunks) {
    const chunkBytes = chunk.length;
    for (let taken = 0; taken < chunkBytes; ) {
      frame ??= Buffer.allocUnsafeSlow(frameBytes);
      const part = chunk.subarray(taken, taken + frameBytes - filled);
      frame.set(part, filled);
      filled += part.length;
      taken += part.length;
      if (taken === chunkBytes) releaseMemory(chunk);
      if (filled === frameBytes) {
        yield frame;
        frame = undefined;
        filled = 0;
      }
    }
  }
}
