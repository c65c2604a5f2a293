import type { VideoCodec, VideoFormat } from "./access-unit.ts";
import { type BitReader, bitReader, unlessTooShort } from "./bit-reader.ts";
import { pixelAspect, readPixelAspect, wholeMacroblocks } from "./frame-geometry.ts";

/** DHT, JPG and DAC: among the codes of the frame headers SOF0 to SOF15. */
const NO_FRAME_HEADERS = [0xc4, 0xc8, 0xcc];

/** Reads the frame header of a JPEG file (ITU-T T.81, B.2.2). @returns undefined without one */
export function jpegFormat(file: Uint8Array): VideoFormat | undefined {
  let at = 2;
  while (at + 9 <= file.length && file[at] === 0xff) {
    const marker = file[at + 1] ?? 0;
    const isFrameHeader = marker >= 0xc0 && marker <= 0xcf && !NO_FRAME_HEADERS.includes(marker);
    if (isFrameHeader)
      return formatOf("MJPEG", { width: uint16(file, at + 7), height: uint16(file, at + 5) });
    const length = uint16(file, at + 2);
    if (length < 2) return undefined;
    at += 2 + length;
  }
  return undefined;
}

function formatOf(codec: VideoCodec, size: VideoFormat["size"]): VideoFormat | undefined {
  if (size.width === 0 || size.height === 0) return undefined;
  const codedSize = wholeMacroblocks(size);
  return { codec, size, codedSize, pixelAspect: 1, reorderFrames: 0, isInterlaced: false };
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** Reads the header of a VP8 key frame (RFC 6386, 9.1). @returns undefined for other frames */
export function vp8Format(frame: Uint8Array): VideoFormat | undefined {
  const [tag = 1, , , ...header] = frame.subarray(0, 10);
  if ((tag & 1) !== 0 || header.length < 7) return undefined;
  const [start, second, third, width = 0, widthHigh = 0, height = 0, heightHigh = 0] = header;
  if (start !== 0x9d || second !== 0x01 || third !== 0x2a) return undefined;
  return formatOf("VP8", {
    width: width | ((widthHigh & 0x3f) << 8),
    height: height | ((heightHigh & 0x3f) << 8),
  });
}

const SIMPLE_OBJECT = 1;
const MPEG4_EXTENDED_ASPECT = 15;

/**
 * Reads the first video object layer of an MPEG-4 stream or configuration (ISO/IEC 14496-2, 6.2.3).
 * @returns undefined without one, or if it is not rectangular
 */
export function mpeg4Format(bytes: Uint8Array): VideoFormat | undefined {
  for (let at = 0; at + 4 <= bytes.length; at++) {
    const isStart = bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1;
    if (isStart && ((bytes[at + 3] ?? 0) & 0xf0) === 0x20) {
      return unlessTooShort(() => readObjectLayer(bitReader(bytes.subarray(at + 4))));
    }
  }
  return undefined;
}

function readObjectLayer(bits: BitReader): VideoFormat | undefined {
  bits.skip(1);
  const type = bits.take(8);
  if (bits.take(1) === 1) bits.skip(7);
  const aspect = readMpeg4Aspect(bits);
  let mayReorder = type !== SIMPLE_OBJECT;
  if (bits.take(1) === 1) {
    bits.skip(2);
    mayReorder = bits.take(1) === 0;
    if (bits.take(1) === 1) bits.skip(79);
  }
  if (bits.take(2) !== 0) return undefined;
  bits.skip(1);
  const resolution = bits.take(16);
  bits.skip(1);
  if (bits.take(1) === 1) bits.skip(Math.max(1, Math.ceil(Math.log2(resolution))));
  bits.skip(1);
  const width = bits.take(13);
  bits.skip(1);
  const height = bits.take(13);
  bits.skip(1);
  const isInterlaced = bits.take(1) === 1;
  const format = formatOf("MPEG4", { width, height });
  return format && { ...format, pixelAspect: aspect, reorderFrames: mayReorder ? 1 : 0, isInterlaced };
}

/** Table 6-12: as in H.264, but with fewer ratios and a shorter extension. */
function readMpeg4Aspect(bits: BitReader): number {
  const index = bits.take(4);
  if (index === MPEG4_EXTENDED_ASPECT) return pixelAspect(bits.take(8), bits.take(8));
  return index > 5 ? 1 : readPixelAspect(bitReader(Uint8Array.of(index)));
}
