/** One picture as a camera (or a clip) delivered it. */
export interface Frame extends VideoPicture {
  readonly camera: string;
  /** Counts the frames the camera delivered, drops included: a gap means dropped frames. */
  readonly sequence: number;
  /** Unix time in milliseconds when the frame arrived (in `replay`: position in the clip). */
  readonly timeMs: number;
}

/**
 * A picture as video carries it (4:2:0) and decoders deliver it. RGB of every frame would cost a quarter of what decoding
 * costs, mostly for frames in which nothing moves: `rgbOf` makes it of what somebody looks at.
 */
export interface VideoPicture {
  readonly width: number;
  readonly height: number;
  /**
   * The brightness of each pixel, then how blue and then how red each two by two pixels are; each plane row by row,
   * `planeEnds` says where.
   */
  readonly planes: Uint8Array;
  readonly colours: Colours;
}

/** What the numbers in the planes stand for. */
export interface Colours {
  /** How much red, green and blue are in the brightness: ITU-R BT.601 or BT.709. */
  readonly matrix: "bt601" | "bt709";
  /** Black to white are 16 to 235, or 0 to 255. */
  readonly range: "limited" | "full";
}

/** How ffmpeg sees a video that does not tell. */
export const USUAL_COLOURS: Colours = { matrix: "bt601", range: "limited" };

/** Where the planes of a picture end, bytes from its beginning. Odd sizes have a colour for their last column and row. */
export function planeEnds({ width, height }: { readonly width: number; readonly height: number }) {
  const colourBytes = Math.ceil(width / 2) * Math.ceil(height / 2);
  const brightness = width * height;
  return { brightness, blue: brightness + colourBytes, red: brightness + 2 * colourBytes };
}

/** From brightness as it is coded to 0..255: less `black`, times `scale`. */
export function brightnessCoding({ range }: Colours): { readonly black: number; readonly scale: number } {
  return range === "full" ? { black: 0, scale: 1 } : { black: 16, scale: 255 / 219 };
}
