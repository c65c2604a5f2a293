import { describe, expect, test } from "vitest";
import { TransientError } from "../../../agent/base/errors.ts";
import type { Frame } from "../../../agent/camera/frame.ts";
import { freezeCheck } from "../../../agent/camera/freeze-check.ts";
import { seededRandom } from "../../../agent/events/event-id.ts";
import { greyFrame } from "../../support/camera/raw-frames.ts";

const WIDTH = 64;
const HEIGHT = 48;
const FROZEN_AFTER_SECONDS = 10;
const FPS = 5;

/** The brightness of each pixel. */
type Brightness = Uint8Array;

/** A gradient with a bright square. */
function scene(squareAt = 10): Brightness {
  const brightness = new Uint8Array(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const inSquare = x >= squareAt && x < squareAt + 8 && y > 20 && y < 28;
      brightness[y * WIDTH + x] = inSquare ? 220 : 40 + x + y;
    }
  }
  return brightness;
}

function noisy(image: Brightness, random: () => number, amplitude: number): Brightness {
  return image.map((level) => level + Math.round((random() * 2 - 1) * amplitude));
}

/** A check, and streams to apply it to, with one clock. */
function startCamera(frozenAfterSeconds = FROZEN_AFTER_SECONDS, fps = FPS) {
  let nowMs = 0;
  const check = freezeCheck({
    camera: "door",
    frozenAfterSeconds,
    clock: { monotonicMs: () => nowMs },
  });
  async function* stream(images: Iterable<Brightness>, opensWithinSeconds: number): AsyncGenerator<Frame> {
    let sequence = 0;
    nowMs += opensWithinSeconds * 1000;
    for (const brightness of images) {
      nowMs += 1000 / fps;
      const image = greyFrame(WIDTH, brightness.length / WIDTH, brightness);
      yield { camera: "door", sequence: sequence++, timeMs: nowMs, ...image };
    }
  }
  /** @returns the number of frames that passed, and the error that ended the stream */
  return async function watch(images: Iterable<Brightness>, opensWithinSeconds = 0) {
    let frames = 0;
    try {
      for await (const _ of check(stream(images, opensWithinSeconds))) frames++;
      return { frames };
    } catch (error) {
      return { frames, error };
    }
  };
}

const times = (count: number, image: (index: number) => Brightness) =>
  Array.from({ length: count }, (_, index) => image(index));

describe("a camera that sends identical frames", () => {
  test("counts as frozen after exactly the configured time", async () => {
    const watch = startCamera();
    const { frames, error } = await watch(times(200, () => scene()));
    expect(frames).toBe(FROZEN_AFTER_SECONDS * FPS);
    expect(error).toBeInstanceOf(TransientError);
    expect(error).toHaveProperty("message", "door: frozen, identical frames for 10 s");
  });

  test("counts as frozen if the encoder cycles between key frames and the frames after them", async () => {
    const keyFrame = scene();
    const later = scene().map((level) => level + 6);
    const watch = startCamera();
    const { error } = await watch(times(200, (index) => (index % 20 < 3 ? keyFrame : later)));
    expect(error).toBeInstanceOf(TransientError);
  });

  test("counts as frozen if the decoder changes a few pixels", async () => {
    const watch = startCamera();
    const { error } = await watch(
      times(200, (index) => {
        const image = scene();
        image[index % 4] = 0;
        return image.map((level, at) => level + (at % 2));
      }),
    );
    expect(error).toBeInstanceOf(TransientError);
  });

  test("fails soon and passes no frame if the reopened stream shows the same image", async () => {
    const watch = startCamera();
    await watch(times(200, () => scene()));
    expect(await watch(times(40, () => scene()))).toMatchObject({
      frames: 0,
      error: { name: "TransientError" },
    });
    expect(await watch(times(5, (index) => scene(20 + index)))).toEqual({ frames: 5 });
  });

  test("passes frames once the reopened stream changes, even if it starts with the same image", async () => {
    const watch = startCamera();
    await watch(times(200, () => scene()));
    expect(await watch(times(10, (index) => scene(10 + Math.max(0, index - 4))))).toEqual({ frames: 5 });
  });

  test("does not count the time that a camera takes to open", async () => {
    const watch = startCamera();
    await watch(times(40, () => scene()));
    expect(
      await watch(
        times(40, () => scene()),
        2 * FROZEN_AFTER_SECONDS,
      ),
    ).toEqual({ frames: 40 });
  });

  test("gets the full time again after a stream that ended for another reason", async () => {
    const watch = startCamera();
    expect(await watch(times(40, () => scene()))).toEqual({ frames: 40 });
    expect(await watch(times(40, () => scene()))).toEqual({ frames: 40 });
  });

  test("never counts as frozen if the image is blank", async () => {
    const watch = startCamera();
    expect(await watch(times(200, () => new Uint8Array(WIDTH * HEIGHT).fill(16)))).toEqual({
      frames: 200,
    });
  });

  test("passes forever if the check is switched off", async () => {
    const watch = startCamera(0);
    expect(await watch(times(200, () => scene()))).toEqual({ frames: 200 });
  });
});

describe("a live camera", () => {
  test("has noise in a still scene", async () => {
    const random = seededRandom(1);
    const watch = startCamera();
    expect(await watch(times(200, () => noisy(scene(), random, 4)))).toEqual({ frames: 200 });
  });

  test("may repeat frames between key frames, as encoders do at night", async () => {
    const random = seededRandom(2);
    const watch = startCamera();
    let image = scene();
    const images = times(300, (index) => {
      if (index % (8 * FPS) === 0) image = noisy(scene(), random, 4);
      return image;
    });
    expect(await watch(images)).toEqual({ frames: 300 });
  });

  test("may show no change except a clock", async () => {
    const watch = startCamera();
    const images = times(300, (index) => {
      const image = scene();
      // A digit of 3 × 5 pixels; the highest that changes every minute would be too slow.
      const lit = Math.floor(index / FPS) % 10;
      for (let y = 2; y < 7; y++) image.fill(255 - 20 * lit, y * WIDTH + 2, y * WIDTH + 5);
      return image;
    });
    expect(await watch(images)).toEqual({ frames: 300 });
  });

  test("passes when the frame size changes", async () => {
    const watch = startCamera();
    await watch(times(200, () => scene()));
    expect(await watch([scene().subarray(0, WIDTH * 24)])).toEqual({ frames: 1 });
  });
});

describe.each([1, 0.5, 0.25, 0.2])("a camera of which %f frames per second are decoded", (fps) => {
  const ALLOWED_S = 60;
  const seconds = (count: number) => Math.ceil(count * fps);

  test("counts as frozen after the configured time of identical frames", async () => {
    const watch = startCamera(ALLOWED_S, fps);
    const { frames, error } = await watch(times(seconds(200), () => scene()));
    expect(error).toBeInstanceOf(TransientError);
    expect(frames).toBe(Math.ceil(ALLOWED_S * fps));
  });

  test("counts as frozen if the encoder cycles through eight frames", async () => {
    const watch = startCamera(ALLOWED_S, fps);
    const image = (index: number) => scene().map((level) => level + 4 * (index % 8));
    const { frames, error } = await watch(times(seconds(400), image));
    expect(error).toBeInstanceOf(TransientError);
    expect(frames).toBe(7 + Math.ceil(ALLOWED_S * fps));
  });

  test("never counts as frozen while its noise or its clock changes", async () => {
    const random = seededRandom(3);
    const count = seconds(1000);
    const live = startCamera(ALLOWED_S, fps);
    expect(await live(times(count, () => noisy(scene(), random, 4)))).toEqual({ frames: count });
    const clock = startCamera(ALLOWED_S, fps);
    expect(await clock(times(count, (index) => scene(10 + (index % 30))))).toEqual({ frames: count });
  });

  test("passes frames again after a freeze although the reopened stream shows some old frames first", async () => {
    const watch = startCamera(ALLOWED_S, fps);
    await watch(times(seconds(200), () => scene()));
    const reopened = await watch(times(9, (index) => scene(10 + Math.max(0, index - 3))));
    expect(reopened).toEqual({ frames: 5 });
  });

  test("stays offline if the reopened stream is still frozen", async () => {
    const watch = startCamera(ALLOWED_S, fps);
    await watch(times(seconds(200), () => scene()));
    const { frames, error } = await watch(times(9, () => scene()));
    expect(frames).toBe(0);
    expect(error).toBeInstanceOf(TransientError);
  });
});
