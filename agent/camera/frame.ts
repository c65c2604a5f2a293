/** One picture as a camera (or a clip) delivered it. */
export interface Frame {
  readonly camera: string;
  /** Counts the frames the camera delivered, drops included: a gap means dropped frames. */
  readonly sequence: number;
  /** Unix time in milliseconds when the frame arrived (in `replay`: position in the clip). */
  readonly timeMs: number;
  readonly width: number;
  readonly height: number;
  /** RGB, row by row, width × height × 3 bytes. */
  readonly pixels: Uint8Array;
}
