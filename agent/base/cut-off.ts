import { type Box, boxArea, type Size, sharedArea } from "./box.ts";

/** The region may cut off a box that ends this close to its border, in pixels of the frame. */
const AT_BORDER_PX = 3;
/** A piece shares at least this part of its area with the whole object; IoU says little about it. */
const PIECE = 0.6;

/** Whether a box ends at a border of its region that is not a border of the frame: the object may extend beyond it. */
export function isCutOff({ box, region }: { readonly box: Box; readonly region: Box }, frame: Size): boolean {
  return (
    (region[0] > 0 && box[0] - region[0] <= AT_BORDER_PX) ||
    (region[1] > 0 && box[1] - region[1] <= AT_BORDER_PX) ||
    (region[2] < frame.width && region[2] - box[2] <= AT_BORDER_PX) ||
    (region[3] < frame.height && region[3] - box[3] <= AT_BORDER_PX)
  );
}

/** Whether a box that was cut off shows a piece of the object in `whole`. */
export function isPieceOf(piece: Box, whole: Box): boolean {
  return sharedArea(piece, whole) >= PIECE * boxArea(piece);
}
