import { MOST_KEY_SECONDS } from "../../camera/idle-mode.ts";
import type { VideoCodec } from "../../camera/rtsp/access-unit.ts";

/** As users know the codecs. */
export const CODEC_NAMES: Readonly<Record<VideoCodec, string>> = {
  H264: "H.264",
  H265: "H.265",
  MJPEG: "MJPEG",
  MPEG4: "MPEG-4",
  VP8: "VP8",
};

/** What to change in a camera whose key frames come too rarely for `detect.idle`. */
export const FAR_APART = {
  message: "key frames are too far apart: while nothing moves, the camera costs several times the CPU time",
  remedy: `Set its key frame interval (GOP, I-frame interval) to at most ${MOST_KEY_SECONDS} s, and switch "smart" codecs (H.264+, H.265+) off.`,
};
