import type { Size } from "../../base/box.ts";
import type { VideoCodec, VideoFormat } from "./access-unit.ts";
import { jpegFormat, mpeg4Format, vp8Format } from "./frame-headers.ts";
import { h264Format } from "./h264-parameter-set.ts";
import { h265Format } from "./h265-parameter-set.ts";

/** Codecs whose sequence parameter set contains the frame size. */
export type SizedCodec = "H264" | "H265";

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

/** Reads the size of the frames that a decoder allocates, before cropping; undefined as for `videoFormat`. */
export function codedSize(codec: SizedCodec, unit: Uint8Array): Size | undefined {
  return videoFormat(codec, unit)?.codedSize;
}
