import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Colours, planeEnds, type RawFrame } from "../../../agent/camera/frame.ts";
import { rgbOf } from "../../../agent/preprocess/rgb.ts";
import { seeded } from "../../support/base/seeded.ts";
import { rgbToRawFrame } from "../../support/camera/raw-frames.ts";

const CODINGS: readonly Colours[] = [
  { matrix: "bt601", range: "limited" },
  { matrix: "bt601", range: "full" },
  { matrix: "bt709", range: "limited" },
  { matrix: "bt709", range: "full" },
];

/** A frame of one brightness, blue difference and red difference. */
function plain(y: number, blue: number, red: number, colours: Colours): RawFrame {
  return { width: 2, height: 2, planes: Uint8Array.of(y, y, y, y, blue, red), colours };
}

/** A frame of random numbers. */
function noise(width: number, height: number, colours: Colours): RawFrame {
  const random = seeded(width * height);
  const planes = Uint8Array.from({ length: planeEnds({ width, height }).red }, () => 256 * random());
  return { width, height, planes, colours };
}

/** The conversion of Rec. ITU-T H.273, in floating point. */
function byTheStandard({ planes, colours }: RawFrame): number[] {
  const { matrix, range } = colours;
  const [kr, kb] = matrix === "bt601" ? [0.299, 0.114] : [0.2126, 0.0722];
  const [y = 0, cb = 0, cr = 0] = [planes[0], planes[4], planes[5]];
  const level = range === "full" ? y : ((y - 16) * 255) / 219;
  const [blue, red] = [cb - 128, cr - 128].map((one) => (range === "full" ? one : (one * 255) / 224));
  const r = level + 2 * (1 - kr) * (red ?? 0);
  const b = level + 2 * (1 - kb) * (blue ?? 0);
  const g = (level - kr * r - kb * b) / (1 - kr - kb);
  return [r, g, b].map((colour) => Math.min(Math.max(colour, 0), 255));
}

/** swscale itself contributes to the difference in limited range. */
const FFMPEG_DIFFERS = 3;

describe("red, green and blue of a frame", () => {
  test.each(CODINGS)("match the standard to within 1 of 255: $matrix, $range range", (colours) => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(255), fc.nat(255), (y, blue, red) => {
        const frame = plain(y, blue, red, colours);
        const exact = byTheStandard(frame);
        const made = [...rgbOf(frame).pixels.subarray(0, 3)];
        for (const [index, colour] of made.entries()) {
          expect(Math.abs(colour - (exact[index] ?? 0))).toBeLessThanOrEqual(1);
        }
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test("are extreme for black and white", () => {
    expect([...rgbOf(plain(16, 128, 128, { matrix: "bt709", range: "limited" })).pixels]).toEqual(
      Array(12).fill(0),
    );
    expect([...rgbOf(plain(235, 128, 128, { matrix: "bt709", range: "limited" })).pixels]).toEqual(
      Array(12).fill(255),
    );
    expect([...rgbOf(plain(255, 128, 128, { matrix: "bt601", range: "full" })).pixels]).toEqual(
      Array(12).fill(255),
    );
  });

  test.each(CODINGS)("match ffmpeg to within 3 of 255: $matrix, $range range", (colours) => {
    const frame = noise(64, 48, colours);
    const options = {
      pix_fmt: colours.range === "full" ? "yuvj420p" : "yuv420p",
      matrix: colours.matrix === "bt601" ? "smpte170m" : "bt709",
    };
    const rgb = execFileSync(
      "ffmpeg",
      [
        ...["-loglevel", "error", "-f", "rawvideo", "-video_size", "64x48", "-pix_fmt", options.pix_fmt],
        ...["-i", "pipe:0", "-vf", `scale=in_color_matrix=${options.matrix}:flags=neighbor+accurate_rnd`],
        ...["-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"],
      ],
      { input: frame.planes },
    );
    const { pixels } = rgbOf(frame);
    expect(rgb).toHaveLength(pixels.length);
    const worst = pixels.reduce((most, colour, at) => Math.max(most, Math.abs(colour - (rgb[at] ?? 0))), 0);
    expect(worst).toBeLessThanOrEqual(FFMPEG_DIFFERS);
  });

  test("of a region equal those of the whole frame there", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 13 }),
        fc.integer({ min: 1, max: 13 }),
        fc.tuple(fc.nat(12), fc.nat(12), fc.nat(12), fc.nat(12)),
        (width, height, [a, b, c, d]) => {
          const frame = noise(width, height, { matrix: "bt601", range: "limited" });
          const [left, top] = [a % width, b % height];
          const right = left + 1 + (c % (width - left));
          const bottom = top + 1 + (d % (height - top));
          const whole = rgbOf(frame);
          const part = rgbOf(frame, [left, top, right, bottom]);
          expect(part).toMatchObject({ width: right - left, height: bottom - top });
          const expected = [];
          for (let y = top; y < bottom; y++) {
            expected.push(...whole.pixels.subarray(3 * (y * width + left), 3 * (y * width + right)));
          }
          expect([...part.pixels]).toEqual(expected);
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  test("survive the conversion to 4:2:0 and back where two by two pixels are equal", () => {
    const colours = [
      [200, 30, 40],
      [20, 180, 90],
      [10, 60, 220],
      [250, 250, 250],
    ];
    const pixels = Uint8Array.from({ length: 8 * 2 * 3 }, (_, at) => {
      const block = Math.floor(((at / 3) % 8) / 2);
      return colours[block]?.[at % 3] ?? 0;
    });
    const back = rgbOf(rgbToRawFrame({ width: 8, height: 2, pixels })).pixels;
    const worst = back.reduce((most, colour, at) => Math.max(most, Math.abs(colour - (pixels[at] ?? 0))), 0);
    expect(worst).toBeLessThanOrEqual(2);
  });
});
