import type { VideoFormat } from "../../../agent/camera/rtsp/access-unit.ts";

const size = { width: 640, height: 360 };

/** The format of a plain stream, with some properties changed. */
export function formatWith(changes: Partial<VideoFormat>): VideoFormat {
  return { size, codedSize: size, pixelAspect: 1, reorderFrames: 0, isInterlaced: false, ...changes };
}
