import { centerNet } from "./centernet.ts";
import type { HeadRecogniser } from "./head.ts";
import { yolov5 } from "./yolov5.ts";

/** The heads that the compiler knows, in the order in which they are tried. */
export const HEADS: readonly HeadRecogniser[] = [yolov5, centerNet];
