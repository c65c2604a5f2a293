import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { cameraUnits } from "../../../../agent/view/live/camera-units.ts";
import { lastFrame } from "../../../../agent/view/live/last-frame.ts";
import { accessUnitsOf } from "../../../support/camera/access-units.ts";

/** Black, but white from the 1.4th second on: the last frames only. */
const SOURCE = "color=black:size=320x240:rate=10,drawbox=color=white:t=fill:enable='gte(t,1.4)'";
const never = new AbortController().signal;

async function brightness(jpeg: Uint8Array | undefined): Promise<number> {
  const { channels } = await sharp(jpeg).stats();
  return channels[0]?.mean ?? Number.NaN;
}

describe("the last frame of an offline camera", () => {
  test.each(["H264", "H265", "MJPEG", "VP8"] as const)("is the newest one (%s)", async (codec) => {
    const units = cameraUnits();
    const frame = lastFrame(units, never);
    accessUnitsOf(codec, { source: SOURCE, frames: 15, keyEvery: 10 }).forEach(units.publish);
    const jpeg = await frame.jpeg();
    expect(await sharp(jpeg).metadata()).toMatchObject({ format: "jpeg", width: 320, height: 240 });
    expect(await brightness(jpeg)).toBeGreaterThan(200);
  });

  test("is decoded once, until the camera sends more", async () => {
    const units = cameraUnits();
    const frame = lastFrame(units, never);
    const [first, ...others] = accessUnitsOf("H264", { source: SOURCE, frames: 15, keyEvery: 100 });
    if (first === undefined) throw new Error("expected a frame");
    units.publish(first);
    const early = await frame.jpeg();
    expect(await frame.jpeg()).toBe(early);
    expect(await brightness(early)).toBeLessThan(20);
    others.forEach(units.publish);
    expect(await brightness(await frame.jpeg())).toBeGreaterThan(200);
  });

  test("does not exist before the first key frame", async () => {
    expect(await lastFrame(cameraUnits(), never).jpeg()).toBeUndefined();
  });
});
