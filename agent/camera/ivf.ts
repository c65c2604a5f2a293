import type { Writable } from "node:stream";
import type { AccessUnit, VideoFormat } from "./rtsp/access-unit.ts";

/**
 * IVF, the container in which a decoder is fed. Unlike raw streams of H.264 or JPEG it keeps the borders and times of access
 * units, and its demuxer in ffmpeg (libavformat/ivfdec.c) waits for no further data. All numbers are little-endian.
 */

/** ffmpeg's demuxer reads these as codecs, except for H.265: its decoder has to be named. */
const FOUR_CHARACTERS = { H264: "H264", H265: "HEVC", MJPEG: "MJPG", MPEG4: "FMP4", VP8: "VP80" } as const;

const STREAM_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 12;

/** The header of a stream with times in milliseconds. */
export function ivfHeader({ codec, codedSize: { width, height } }: VideoFormat): Uint8Array {
  const header = Buffer.alloc(STREAM_HEADER_BYTES);
  header.write("DKIF", 0, "latin1");
  header.writeUInt16LE(STREAM_HEADER_BYTES, 6);
  header.write(FOUR_CHARACTERS[codec], 8, "latin1");
  header.writeUInt16LE(width, 12);
  header.writeUInt16LE(height, 14);
  header.writeUInt32LE(1000, 16);
  header.writeUInt32LE(1, 20);
  // The number of frames is unknown: 0.
  return header;
}

/**
 * The header of an access unit.
 * @param bytes the length of the access unit that follows
 * @param pts its presentation time in milliseconds, 0 or more
 */
export function ivfFrameHeader(bytes: number, pts: number): Uint8Array {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt32LE(bytes, 0);
  header.writeBigUInt64LE(BigInt(pts), 4);
  return header;
}

/**
 * Writes an access unit with its header, with one system call for both.
 * @param pts as for `ivfFrameHeader`
 * @returns the number of bytes written
 */
export function writeUnit(output: Writable, { data, bytes }: AccessUnit, pts: number): number {
  output.cork();
  output.write(ivfFrameHeader(bytes, pts));
  output.write(data);
  output.uncork();
  return FRAME_HEADER_BYTES + bytes;
}
