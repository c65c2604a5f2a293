import { type Box, wholeFrame } from "../base/box.ts";
import type { RgbImage } from "../base/rgb-image.ts";
import { brightnessCoding, type Colours, planeEnds, type RawFrame } from "../camera/frame.ts";

/**
 * Converts a frame, or a region of it, to RGB in newly allocated memory.
 *
 * Each 2×2 pixels share a colour, as in video. Uses equations 11 to 45 of ITU-T H.273 in fixed point with 16 fractional
 * bits; the result differs from the exact one by at most 1 of 255.
 * @param region whole pixels, inside the frame; default: the whole frame.
 */
export function rgbOf(frame: RawFrame, [left, top, right, bottom]: Box = wholeFrame(frame)): RgbImage {
  const { width: stride, planes } = frame;
  const { brightness: blueStart, blue: redStart } = planeEnds(frame);
  const colourStride = Math.ceil(stride / 2);
  const { levels, redOfRed, greenOfRed, greenOfBlue, blueOfBlue } = tablesFor(frame.colours);
  const [width, height] = [right - left, bottom - top];
  // A clamped array stores values below 0 as 0 and above 255 as 255.
  const pixels = new Uint8ClampedArray(width * height * 3);
  let at = 0;
  for (let y = top; y < bottom; y++) {
    const row = y * stride;
    const colourRow = (y >> 1) * colourStride;
    for (let x = left; x < right; x++, at += 3) {
      const colour = colourRow + (x >> 1);
      const blueness = planes[blueStart + colour] ?? 0;
      const redness = planes[redStart + colour] ?? 0;
      const level = levels[planes[row + x] ?? 0] ?? 0;
      pixels[at] = (level + (redOfRed[redness] ?? 0)) >> FRACTION_BITS;
      pixels[at + 1] = (level + (greenOfRed[redness] ?? 0) + (greenOfBlue[blueness] ?? 0)) >> FRACTION_BITS;
      pixels[at + 2] = (level + (blueOfBlue[blueness] ?? 0)) >> FRACTION_BITS;
    }
  }
  return { width, height, pixels: new Uint8Array(pixels.buffer) };
}

/** The contribution of each value of a plane to a colour, with 16 fractional bits; `levels` includes the rounding. */
interface Tables {
  readonly levels: Int32Array;
  readonly redOfRed: Int32Array;
  readonly greenOfRed: Int32Array;
  readonly greenOfBlue: Int32Array;
  readonly blueOfBlue: Int32Array;
}

const FRACTION_BITS = 16;
const ONE = 2 ** FRACTION_BITS;

/** The weights of red and blue in the brightness; green has the remaining weight. */
const SHARES = { bt601: { red: 0.299, blue: 0.114 }, bt709: { red: 0.2126, blue: 0.0722 } } as const;

const tablesByColours = new Map<string, Tables>();

function tablesFor({ matrix, range }: Colours): Tables {
  const name = `${matrix} ${range}`;
  const tables = tablesByColours.get(name) ?? makeTables({ matrix, range });
  tablesByColours.set(name, tables);
  return tables;
}

function makeTables({ matrix, range }: Colours): Tables {
  const { red, blue } = SHARES[matrix];
  const green = 1 - red - blue;
  const { black, scale } = brightnessCoding({ matrix, range });
  const colourScale = range === "full" ? 1 : 255 / 224;
  const table = (of: (value: number) => number) =>
    Int32Array.from({ length: 256 }, (_, value) => Math.round(ONE * of(value)));
  const difference = (factor: number) => table((value) => factor * colourScale * (value - 128));
  return {
    levels: table((value) => scale * (value - black) + 0.5),
    redOfRed: difference(2 * (1 - red)),
    greenOfRed: difference((-2 * (1 - red) * red) / green),
    greenOfBlue: difference((-2 * (1 - blue) * blue) / green),
    blueOfBlue: difference(2 * (1 - blue)),
  };
}
