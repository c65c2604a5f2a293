import type { Box } from "../../detectors/detector.ts";
import { brightnessCoding, type Colours, planeEnds, type VideoPicture } from "../camera/frame.ts";
import type { Picture } from "./letterbox.ts";

/**
 * A picture, or a region of it, in red, green and blue, in memory of its own.
 *
 * Two by two pixels share a colour, as video has it (ITU-T H.273, equations 11 to 45, in 16 bits behind the point); the
 * result is at most 1 of 255 off the exact one.
 * @param region whole pixels, inside the picture; default: all of it.
 */
export function rgbOf(picture: VideoPicture, [left, top, right, bottom]: Box = wholeOf(picture)): Picture {
  const { width: stride, planes } = picture;
  const { brightness: blueStart, blue: redStart } = planeEnds(picture);
  const colourStride = Math.ceil(stride / 2);
  const { levels, redOfRed, greenOfRed, greenOfBlue, blueOfBlue } = tablesFor(picture.colours);
  const [width, height] = [right - left, bottom - top];
  // Stores what is below 0 as 0 and above 255 as 255.
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
      pixels[at] = (level + (redOfRed[redness] ?? 0)) >> POINT;
      pixels[at + 1] = (level + (greenOfRed[redness] ?? 0) + (greenOfBlue[blueness] ?? 0)) >> POINT;
      pixels[at + 2] = (level + (blueOfBlue[blueness] ?? 0)) >> POINT;
    }
  }
  return { width, height, pixels: new Uint8Array(pixels.buffer) };
}

function wholeOf({ width, height }: VideoPicture): Box {
  return [0, 0, width, height];
}

/** What each value of a plane adds to a colour, in 16 bits behind the point; rounding is in `levels`. */
interface Tables {
  readonly levels: Int32Array;
  readonly redOfRed: Int32Array;
  readonly greenOfRed: Int32Array;
  readonly greenOfBlue: Int32Array;
  readonly blueOfBlue: Int32Array;
}

const POINT = 16;
const ONE = 2 ** POINT;

/** How much red and blue are in the brightness; green is the rest. */
const SHARES = { bt601: { red: 0.299, blue: 0.114 }, bt709: { red: 0.2126, blue: 0.0722 } } as const;

const madeTables = new Map<string, Tables>();

function tablesFor({ matrix, range }: Colours): Tables {
  const name = `${matrix} ${range}`;
  const tables = madeTables.get(name) ?? makeTables({ matrix, range });
  madeTables.set(name, tables);
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
