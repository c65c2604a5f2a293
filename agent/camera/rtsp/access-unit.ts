import type { Size } from "../../base/box.ts";
import type { Rotation } from "../../base/rotation.ts";

/** The video codecs that the RTSP client depacketises. */
export type VideoCodec = "H264" | "H265" | "MJPEG" | "MPEG4" | "VP8";

/** Properties of a video that are known before a frame is decoded: from its parameter sets or frame headers. */
export interface VideoFormat {
  readonly codec: VideoCodec;
  /** Pixels of a decoded frame after cropping. */
  readonly size: Size;
  /** Pixels of the frames that the decoder allocates, before cropping. */
  readonly codedSize: Size;
  /** Width of a pixel divided by its height; 1 for square pixels. */
  readonly pixelAspect: number;
  /** The number of frames that the decoder holds back to put them in display order; 0 without B frames. */
  readonly reorderFrames: number;
  /** Whether a frame may consist of two fields, each in its own access unit. */
  readonly isInterlaced: boolean;
}

/** One coded frame in decoding order, the unit that a decoder is fed with (called coded frame for MJPEG, MPEG-4 and VP8). */
export interface AccessUnit {
  /**
   * In memory of its own: NAL units with start codes (H.264 and H.265, Annex B), a JPEG file (MJPEG), or the codec's own bytes.
   * A key frame of H.264 and H.265 includes its parameter sets.
   */
  readonly data: Uint8Array;
  /** The length of `data`. */
  readonly bytes: number;
  /** Whether a decoder can start here. */
  readonly isKey: boolean;
  /** Of this access unit and the following ones; present on key frames. */
  readonly format?: VideoFormat;
  /** Displays the frames upright: the stream's own (SEI display orientation), and that of the camera's settings. */
  readonly rotation: Rotation;
  /** The stream's own presentation time in seconds, continued across the wrap of the RTP timestamp; starts anywhere. */
  readonly streamSeconds: number;
  /** When its last packet arrived, milliseconds of the monotonic clock. */
  readonly arrivedMs: number;
  /** Whether packets were lost before it or in it: it refers to frames that the decoder does not have. */
  readonly isDamaged: boolean;
  /**
   * Whether it follows a key frame but is displayed before it, and may refer to frames before it (H.265 RASL, B frames of an
   * open group): a decoder that starts at that key frame cannot decode it.
   */
  readonly isLeading?: true;
  /** Whether it would be a key frame, but the camera has not sent the parameter sets for it. */
  readonly lacksParameterSets?: true;
  /** Whether it is one field of an interlaced frame: two of them make a frame. */
  readonly isField?: true;
}

/** A packet of one track in the order of its sequence numbers (RFC 3550, 5.1). */
export interface RtpPacket {
  /** Over TCP valid only while the packet is passed on. */
  readonly payload: Uint8Array;
  readonly payloadType: number;
  readonly marker: boolean;
  /** 0 to 65535. */
  readonly sequence: number;
  /** In units of the track's clock rate, 32 bits. */
  readonly timestamp: number;
  /** Milliseconds of the monotonic clock. */
  readonly arrivedMs: number;
  /** Whether the packets directly before it are missing. */
  readonly isAfterLoss: boolean;
}

/** Properties of a track from its description (SDP) that the depacketisers need. */
export interface TrackParameters {
  /** Timestamp units per second (`a=rtpmap`). */
  readonly clockRate: number;
  /** The codec's parameters (`a=fmtp`), names in lower case. */
  readonly fmtp: Readonly<Record<string, string>>;
  /** The frame size (`a=framesize`, `a=x-dimensions`); needed for MJPEG frames above 2040 pixels only. */
  readonly size?: Size;
}

/** Joins the packets of a video track to access units. Keeps a bounded amount of data. */
export interface Depacketizer {
  /** @returns the access units that this packet completes. Invalid data is dropped and makes units `isDamaged`. */
  push(packet: RtpPacket): readonly AccessUnit[];
}
