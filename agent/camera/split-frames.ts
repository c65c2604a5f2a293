import { releaseMemory } from "../base/release-memory.ts";

/**
 * Cuts a byte stream into frames of `frameBytes` bytes, wherever the chunks end; a last frame cut short is left out.
 * Every byte is copied once, into the frame it belongs to; every frame has memory of its own. Chunks are used up.
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
