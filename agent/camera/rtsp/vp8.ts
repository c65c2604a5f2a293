import type { Depacketizer, TrackParameters } from "./access-unit.ts";
import { type FramePiece, frameDepacketizer } from "./frame-assembler.ts";
import { vp8Format } from "./frame-headers.ts";

/** Joins VP8 packets to frames (RFC 7741). */
export function vp8Depacketizer(parameters: TrackParameters): Depacketizer {
  const readStart = (data: Uint8Array) => {
    const isKey = ((data[0] ?? 1) & 1) === 0;
    return { isKey, format: isKey ? vp8Format(data) : undefined };
  };
  return frameDepacketizer({ readPiece, readStart }, parameters);
}

/** Reads the payload descriptor (RFC 7741, 4.2). */
function readPiece(payload: Uint8Array): FramePiece | undefined {
  const [first = 0, extensions = 0, pictureId = 0] = payload;
  let at = 1;
  if ((first & 0x80) !== 0) {
    at = 2;
    if ((extensions & 0x80) !== 0) at += (pictureId & 0x80) !== 0 ? 2 : 1;
    if ((extensions & 0x40) !== 0) at++;
    if ((extensions & 0x30) !== 0) at++;
  }
  if (at >= payload.length) return undefined;
  // The start of the first partition.
  return { data: payload.subarray(at), isStart: (first & 0x17) === 0x10 };
}
