import fc from "fast-check";
import { expect, test } from "vitest";
import { splitFrames } from "../../../agent/camera/split-frames.ts";

async function* chunked(stream: Uint8Array, lengths: readonly number[]) {
  let from = 0;
  for (const length of lengths) {
    yield stream.slice(from, from + length);
    from += length;
  }
  yield stream.slice(from);
}

test("splits ffmpeg's output into the same frames for all chunk boundaries, and drops an incomplete last frame", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 500 }),
      fc.integer({ min: 1, max: 60 }),
      fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 40 }),
      async (stream, frameBytes, lengths) => {
        const frames: Uint8Array[] = [];
        for await (const frame of splitFrames(chunked(stream, lengths), frameBytes)) frames.push(frame);
        const whole = Math.floor(stream.length / frameBytes);
        expect(frames.map((frame) => [...frame])).toEqual(
          Array.from({ length: whole }, (_, index) => [
            ...stream.subarray(index * frameBytes, (index + 1) * frameBytes),
          ]),
        );
      },
    ),
    { seed: 1, numRuns: 500 },
  );
});
