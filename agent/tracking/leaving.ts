import { visibleShare } from "../attention/coverage.ts";
import type { Box, Size } from "../base/box.ts";
import { isAtRest, predictedBox, type Track } from "./track.ts";

/**
 * An object has left if less than this share of it should be inside the frame. The detector finds objects that the border
 * cuts off much more: one that it misses there is farther out than expected.
 */
const INSIDE_SHARE = 0.8;
/** An object that stands at the border does not leave: it must move outwards by this share of its height a second. */
const OUTWARDS_SHARE = 0.1;

/**
 * Whether an object has left the frame: the detector does not find it, and its motion has taken it over the border. An
 * object that is missed elsewhere is hidden.
 */
export function hasLeft(track: Track, frame: Size): boolean {
  if (track.missed === 0 || isAtRest(track)) return false;
  const expected = predictedBox(track);
  return visibleShare(expected, frame) < INSIDE_SHARE && movesOut(track, expected, frame);
}

function movesOut({ motion }: Track, [x1, y1, x2, y2]: Box, { width, height }: Size): boolean {
  const least = OUTWARDS_SHARE * (y2 - y1);
  const { centreX, centreY } = motion;
  return (
    (x1 < 0 && centreX.velocity < -least) ||
    (x2 > width && centreX.velocity > least) ||
    (y1 < 0 && centreY.velocity < -least) ||
    (y2 > height && centreY.velocity > least)
  );
}
