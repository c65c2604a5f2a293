import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../../../agent/base/clock.ts";
import { ConfigError } from "../../../../agent/base/errors.ts";
import {
  type CalibrationOptions,
  calibrationFrames,
} from "../../../../agent/commands/compile/calibration-frames.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";
import { makeTestClip } from "../../../support/camera/test-clip.ts";

const INPUT = { width: 64, height: 32 };

function options(changes: Partial<CalibrationOptions> = {}): CalibrationOptions {
  return { clock: systemClock, signal: new AbortController().signal, ...changes };
}

/** Writes an image of one colour, identified by its red. */
async function writeImage(folder: string, name: string, red: number): Promise<void> {
  const background = { r: red, g: 0, b: 0 };
  await sharp({ create: { width: 80, height: 40, channels: 3, background } }).toFile(join(folder, name));
}

describe("calibration frames", () => {
  test("are a folder's images sorted by name, letterboxed to the model's input, without other files", async () => {
    await using folder = await temporaryFolder();
    await writeImage(folder.path, "b.png", 200);
    await writeImage(folder.path, "a.jpg", 100);
    await writeFile(join(folder.path, "notes.txt"), "no image");
    const frames = await calibrationFrames(folder.path, INPUT, options());
    expect(frames.map((frame) => frame.length)).toEqual([64 * 32 * 3, 64 * 32 * 3]);
    const reds = frames.map((frame) => frame[(16 * 64 + 32) * 3] ?? 0);
    expect(reds[0]).toBeCloseTo(100, -1);
    expect(reds[1]).toBe(200);
  });

  test("are spread over a large folder", async () => {
    await using folder = await temporaryFolder();
    for (let index = 0; index < 20; index++) {
      await writeImage(folder.path, `${String(index).padStart(2, "0")}.png`, index * 10);
    }
    const frames = await calibrationFrames(folder.path, INPUT, options({ count: 4 }));
    const fifths = frames.map((frame) => Math.floor((frame[(16 * 64 + 32) * 3] ?? 0) / 50));
    expect(fifths).toEqual([0, 1, 2, 3]);
  });

  test("are spread over a clip, are the same every time, and report how many frames were read", async () => {
    using clip = makeTestClip({ width: 64, height: 48, seconds: 3 });
    const read: number[] = [];
    const first = await calibrationFrames(
      clip.file,
      INPUT,
      options({ count: 5, onRead: (n) => read.push(n) }),
    );
    expect(first).toHaveLength(5);
    expect(new Set(first.map((frame) => Buffer.from(frame).toString("base64"))).size).toBe(5);
    expect(read).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    expect(await calibrationFrames(clip.file, INPUT, options({ count: 5 }))).toEqual(first);
  });

  test("name a missing path and a folder without images", async () => {
    await using folder = await temporaryFolder();
    const missing = join(folder.path, "nothing.mp4");
    await expect(calibrationFrames(missing, INPUT, options())).rejects.toThrow(`cannot read ${missing}`);
    const empty = calibrationFrames(folder.path, INPUT, options());
    await expect(empty).rejects.toThrow(`${folder.path} contains no image`);
    await expect(empty).rejects.toBeInstanceOf(ConfigError);
  });
});
