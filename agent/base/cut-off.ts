import type { Box } from "../../detectors/detector.ts";
import { boxArea, sharedArea } from "./box.ts";

/** A box that ends this near to the border of its region, pixels of the picture, may be cut off by it. */
const AT_BORDER_PX = 3;
/** A box cut off by its region's border lies in the whole object to this part: IoU says little of it. */
const PIECE = 0.6;

/** Whether a box ends at a border of its region that is not the picture's own: there may be more of the object. */
export function isCutOff(
  { box, region }: { readonly box: Box; readonly region: Box },
  picture: { readonly width: number; readonly height: number },
): boolean {
  return (
    (region[0] > 0 && box[0] - region[0] <= AT_BORDER_PX) ||
    (region[1] > 0 && box[1] - region[1] <= AT_BORDER_PX) ||
    (region[2] < picture.width && region[2] - box[2] <= AT_BORDER_PX) ||
    (region[3] < picture.height && region[3] - box[3] <= AT_BORDER_PX)
  );
}

/** Whether a box that was cut off shows a piece of the object whose box is `whole`. */
export function isPieceOf(piece: Box, whole: Box): boolean {
  return sharedArea(piece, whole) >= PIECE * boxArea(piece);
}
