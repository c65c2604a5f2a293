import { describe, expect, test } from "vitest";
import type { Rotation } from "../../../agent/base/rotation.ts";
import { displayFilter, displaySize } from "../../../agent/camera/display.ts";
import { MOST_PIXELS } from "../../../agent/camera/frame-limit.ts";
import { formatOf } from "../../support/camera/access-units.ts";

function shown(width: number, height: number, pixelAspect: number, rotation: Rotation = 0) {
  return { format: formatOf({ size: { width, height }, pixelAspect }), rotation };
}

describe("displaySize", () => {
  test.each([
    ["square pixels", shown(1920, 1080, 1), 1920, 1080],
    ["pixels of double width", shown(384, 432, 2), 768, 432],
    ["pixels of half width", shown(1920, 540, 0.5), 960, 540],
    ["PAL in 4:3", shown(720, 576, 12 / 11), 786, 576],
    ["an aspect that cannot be meant", shown(640, 480, 300), 640, 480],
    ["an aspect of zero", shown(640, 480, 0), 640, 480],
    ["no aspect", shown(640, 480, Number.NaN), 640, 480],
    ["a camera on its side", shown(1920, 1080, 1, 90), 1080, 1920],
    ["a camera on its side with wide pixels", shown(384, 432, 2, 270), 432, 768],
    ["a camera upside down", shown(384, 432, 2, 180), 768, 432],
  ])("%s", (_, display, width, height) => {
    expect(displaySize(display)).toEqual({ width, height });
  });

  test("frames that would become too large get lower instead of wider", () => {
    const { width, height } = displaySize(shown(4096, 2176, 2));
    expect({ width, height }).toEqual({ width: 4096, height: 1088 });
    expect(width * height).toBeLessThanOrEqual(MOST_PIXELS);
  });
});

describe("displayFilter", () => {
  const SQUARE = "crop=w='if(eq(iw,640)*eq(ih,480),640,-1)':h=480:exact=1";

  test("frames that have the right size are only checked", () => {
    expect(displayFilter(shown(640, 480, 1), { width: 640, height: 480 })).toBe(SQUARE);
  });

  test("frames are scaled before they are turned", () => {
    expect(displayFilter(shown(640, 480, 1, 90), { width: 240, height: 320 })).toBe(
      `${SQUARE},scale=320:240,transpose=clock`,
    );
  });
});
