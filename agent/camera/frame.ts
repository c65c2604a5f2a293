/** One frame of a camera or clip. */
export interface Frame extends RawFrame {
  readonly camera: string;
  /** Numbers the frames that the camera delivered: a gap means dropped frames. */
  readonly sequence: number;
  /** Arrival as Unix time in milliseconds; for `replay`, the position in the clip. */
  readonly timeMs: number;
}

/**
 * The pixels of a frame as decoders deliver them (4:2:0). Converting every frame to RGB would add a quarter to the cost of
 * decoding, mostly for frames without motion. `rgbOf` converts only the frames and regions that need it.
 */
export interface RawFrame {
  readonly width: number;
  readonly height: number;
  /** The planes Y, U (Cb) and V (Cr), each row by row; `planeEnds` returns their positions. */
  readonly planes: Uint8Array;
  readonly colours: Colours;
}

/** How the values in the planes encode colours. */
export interface Colours {
  /** The weights of red, green and blue in the brightness: ITU-R BT.601 or BT.709. */
  readonly matrix: "bt601" | "bt709";
  /** Black to white: 16 to 235 (limited) or 0 to 255 (full). */
  readonly range: "limited" | "full";
}

/** ffmpeg's assumption for video that does not state its colours. */
export const DEFAULT_COLOURS: Colours = { matrix: "bt601", range: "limited" };

/** The byte offsets at which the planes of a frame end. The last odd column and row have colour values of their own. */
export function planeEnds({ width, height }: { readonly width: number; readonly height: number }) {
  const colourBytes = Math.ceil(width / 2) * Math.ceil(height / 2);
  const brightness = width * height;
  return { brightness, blue: brightness + colourBytes, red: brightness + 2 * colourBytes };
}

/** Converts coded brightness to 0..255: subtract `black`, multiply by `scale`. */
export function brightnessCoding({ range }: Colours): { readonly black: number; readonly scale: number } {
  return range === "full" ? { black: 0, scale: 1 } : { black: 16, scale: 255 / 219 };
}
