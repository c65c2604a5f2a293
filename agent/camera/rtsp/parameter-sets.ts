import type { VideoCodec, VideoFormat } from "./access-unit.ts";
import { jpegFormat, mpeg4Format, vp8Format } from "./frame-headers.ts";
import { h264Format } from "./h264-parameter-set.ts";
import { h265Format } from "./h265-parameter-set.ts";

const READERS: Readonly<Record<VideoCodec, (unit: Uint8Array) => VideoFormat | undefined>> = {
  H264: h264Format,
  H265: h265Format,
  MJPEG: jpegFormat,
  MPEG4: mpeg4Format,
  VP8: vp8Format,
};

/**
 * Reads the properties of a video.
 * @param unit H.264 and H.265: a sequence parameter set, including its header; MPEG-4: a configuration with a video object
 * layer; MJPEG and VP8: a key frame
 * @returns undefined if the unit is another one, incomplete or invalid
 */
export function videoFormat(codec: VideoCodec, unit: Uint8Array): VideoFormat | undefined {
  return READERS[codec](unit);
}
