import type { Size } from "../../base/box.ts";
import { type Display, displaySize } from "../../camera/display.ts";

/** Pixels. The page shows a camera hardly larger, and MPEG-1 is decoded by the phone's processor. */
const WIDEST = 960;

/** The size in which the page gets the frames of a stream. */
export function shownSize(display: Display): Size {
  const { width, height } = displaySize(display);
  const shown = Math.min(WIDEST, width);
  return { width: shown, height: 2 * Math.round((shown * height) / width / 2) };
}
