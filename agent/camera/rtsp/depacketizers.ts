import type { Depacketizer, TrackParameters, VideoCodec } from "./access-unit.ts";
import { h264Depacketizer } from "./h264.ts";
import { h265Depacketizer } from "./h265.ts";
import { mjpegDepacketizer } from "./mjpeg.ts";
import { mpeg4Depacketizer } from "./mpeg4.ts";
import { vp8Depacketizer } from "./vp8.ts";

const DEPACKETIZERS: Readonly<Record<VideoCodec, (parameters: TrackParameters) => Depacketizer>> = {
  H264: h264Depacketizer,
  H265: h265Depacketizer,
  MJPEG: mjpegDepacketizer,
  MPEG4: mpeg4Depacketizer,
  VP8: vp8Depacketizer,
};

/** Joins the packets of a track of this codec to access units. */
export function depacketizerOf(track: TrackParameters & { readonly codec: VideoCodec }): Depacketizer {
  return DEPACKETIZERS[track.codec](track);
}
