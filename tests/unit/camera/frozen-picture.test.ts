import { describe, expect, test } from "vitest";
import { TransientError } from "../../../agent/base/errors.ts";
import type { Frame } from "../../../agent/camera/frame.ts";
import { refuseFrozenPicture } from "../../../agent/camera/frozen-picture.ts";
import { seededRandom } from "../../../agent/events/event-id.ts";
import { greyPicture } from "../../support/camera/video-picture.ts";

const WIDTH = 64;
const HEIGHT = 48;
const FROZEN_AFTER_SECONDS = 10;
const FPS = 5;

/** The brightness of each pixel. */
type Picture = Uint8Array;

/** A gradient with a bright square, so that there is something to see. */
function scene(squareAt = 10): Picture {
  const brightness = new Uint8Array(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const inSquare = x >= squareAt && x < squareAt + 8 && y > 20 && y < 28;
      brightness[y * WIDTH + x] = inSquare ? 220 : 40 + x + y;
    }
  }
  return brightness;
}

function noisy(picture: Picture, random: () => number, amplitude: number): Picture {
  return picture.map((level) => level + Math.round((random() * 2 - 1) * amplitude));
}

/** A check, and streams to put it over, all on one clock. */
function startCamera(frozenAfterSeconds = FROZEN_AFTER_SECONDS) {
  let nowMs = 0;
  const check = refuseFrozenPicture({
    camera: "door",
    frozenAfterSeconds,
    clock: { monotonicMs: () => nowMs },
  });
  async function* stream(pictures: Iterable<Picture>, opensWithinSeconds: number): AsyncGenerator<Frame> {
    let sequence = 0;
    nowMs += opensWithinSeconds * 1000;
    for (const brightness of pictures) {
      nowMs += 1000 / FPS;
      const picture = greyPicture(WIDTH, brightness.length / WIDTH, brightness);
      yield { camera: "door", sequence: sequence++, timeMs: nowMs, ...picture };
    }
  }
  /** How many frames got through, and what ended it. */
  return async function watch(pictures: Iterable<Picture>, opensWithinSeconds = 0) {
    let frames = 0;
    try {
      for await (const _ of check(stream(pictures, opensWithinSeconds))) frames++;
      return { frames };
    } catch (error) {
      return { frames, error };
    }
  };
}

const times = (count: number, picture: (index: number) => Picture) =>
  Array.from({ length: count }, (_, index) => picture(index));

describe("a picture that does not change while frames arrive", () => {
  test("is frozen after the time that is set, and no sooner", async () => {
    const watch = startCamera();
    const { frames, error } = await watch(times(200, () => scene()));
    expect(frames).toBe(FROZEN_AFTER_SECONDS * FPS);
    expect(error).toBeInstanceOf(TransientError);
    expect(error).toHaveProperty("message", "door: frozen, the same picture for 10 s, though frames arrive");
  });

  test("is frozen also where the encoder goes round between key frames and what follows them", async () => {
    const keyFrame = scene();
    const later = scene().map((level) => level + 6);
    const watch = startCamera();
    const { error } = await watch(times(200, (index) => (index % 20 < 3 ? keyFrame : later)));
    expect(error).toBeInstanceOf(TransientError);
  });

  test("is frozen also where a few pixels are decoded otherwise", async () => {
    const watch = startCamera();
    const { error } = await watch(
      times(200, (index) => {
        const picture = scene();
        picture[index % 4] = 0;
        return picture.map((level, at) => level + (at % 2));
      }),
    );
    expect(error).toBeInstanceOf(TransientError);
  });

  test("that comes again when the stream is opened again does not get through, and is given up soon", async () => {
    const watch = startCamera();
    await watch(times(200, () => scene()));
    expect(await watch(times(40, () => scene()))).toMatchObject({
      frames: 0,
      error: { name: "TransientError" },
    });
    expect(await watch(times(5, (index) => scene(20 + index)))).toEqual({ frames: 5 });
  });

  test("that comes again at first, and then lives, was only where the camera starts from", async () => {
    const watch = startCamera();
    await watch(times(200, () => scene()));
    expect(await watch(times(10, (index) => scene(10 + Math.max(0, index - 4))))).toEqual({ frames: 5 });
  });

  test("is not held against a camera that takes long to open", async () => {
    const watch = startCamera();
    await watch(times(40, () => scene()));
    expect(
      await watch(
        times(40, () => scene()),
        2 * FROZEN_AFTER_SECONDS,
      ),
    ).toEqual({ frames: 40 });
  });

  test("has its time anew after a stream that ended for another reason", async () => {
    const watch = startCamera();
    expect(await watch(times(40, () => scene()))).toEqual({ frames: 40 });
    expect(await watch(times(40, () => scene()))).toEqual({ frames: 40 });
  });

  test("is never frozen where nothing can be seen in it", async () => {
    const watch = startCamera();
    expect(await watch(times(200, () => new Uint8Array(WIDTH * HEIGHT).fill(16)))).toEqual({
      frames: 200,
    });
  });

  test("is let through for ever where the check is switched off", async () => {
    const watch = startCamera(0);
    expect(await watch(times(200, () => scene()))).toEqual({ frames: 200 });
  });
});

describe("a live picture", () => {
  test("of a still scene has noise", async () => {
    const random = seededRandom(1);
    const watch = startCamera();
    expect(await watch(times(200, () => noisy(scene(), random, 4)))).toEqual({ frames: 200 });
  });

  test("may be repeated between key frames, as encoders do at night", async () => {
    const random = seededRandom(2);
    const watch = startCamera();
    let picture = scene();
    const pictures = times(300, (index) => {
      if (index % (8 * FPS) === 0) picture = noisy(scene(), random, 4);
      return picture;
    });
    expect(await watch(pictures)).toEqual({ frames: 300 });
  });

  test("may have nothing in it that changes but a clock", async () => {
    const watch = startCamera();
    const pictures = times(300, (index) => {
      const picture = scene();
      // A digit of 3 × 5 pixels; the highest that changes every minute would be too slow.
      const lit = Math.floor(index / FPS) % 10;
      for (let y = 2; y < 7; y++) picture.fill(255 - 20 * lit, y * WIDTH + 2, y * WIDTH + 5);
      return picture;
    });
    expect(await watch(pictures)).toEqual({ frames: 300 });
  });

  test("of another size is another picture", async () => {
    const watch = startCamera();
    await watch(times(200, () => scene()));
    expect(await watch([scene().subarray(0, WIDTH * 24)])).toEqual({ frames: 1 });
  });
});
