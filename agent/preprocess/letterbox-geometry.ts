import type { Box } from "../../detectors/detector.ts";

/** Pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where a picture lies in the model's input, aspect kept and centred, and the way back. */
export interface LetterboxGeometry {
  /** The picture, scaled. */
  readonly inner: Size;
  /** Border in pixels. */
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  /** A box in pixels of the model's input as one in pixels of the picture, cut off at its edges. */
  toFrame(box: Box): Box;
}

/** Fits a picture into the model's input the way YOLOv5 was trained (`letterbox` of its utils/augmentations.py). */
export function letterboxGeometry(picture: Size, input: Size): LetterboxGeometry {
  const scale = Math.min(input.width / picture.width, input.height / picture.height);
  const width = clamp(Math.round(picture.width * scale), 1, input.width);
  const height = clamp(Math.round(picture.height * scale), 1, input.height);
  const left = Math.floor((input.width - width) / 2);
  const top = Math.floor((input.height - height) / 2);
  // After rounding, the two directions have scales of their own.
  const toFrameX = (x: number) => clamp(((x - left) * picture.width) / width, 0, picture.width);
  const toFrameY = (y: number) => clamp(((y - top) * picture.height) / height, 0, picture.height);
  return {
    inner: { width, height },
    left,
    top,
    right: input.width - width - left,
    bottom: input.height - height - top,
    toFrame: ([x1, y1, x2, y2]) => [toFrameX(x1), toFrameY(y1), toFrameX(x2), toFrameY(y2)],
  };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
