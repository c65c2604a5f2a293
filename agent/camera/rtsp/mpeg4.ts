import type { AccessUnit, Depacketizer, TrackParameters, VideoFormat } from "./access-unit.ts";
import { type FrameStart, frameDepacketizer } from "./frame-assembler.ts";
import { mpeg4Format } from "./frame-headers.ts";

const START_CODE = Uint8Array.of(0, 0, 1);
/** Start of a frame (video object plane; ISO/IEC 14496-2, table 6-3). */
const FRAME_START = Uint8Array.of(0, 0, 1, 0xb6);
/** Real configurations have less than 100 bytes. */
const MOST_CONFIGURATION_BYTES = 4096;

/** Joins packets of MPEG-4 part 2 to frames (RFC 6416, 5). The configuration comes from the description or from the stream. */
export function mpeg4Depacketizer(parameters: TrackParameters): Depacketizer {
  let configuration: Uint8Array = new Uint8Array();
  let format: VideoFormat | undefined;
  const configure = (bytes: Uint8Array): void => {
    const found = bytes.length > MOST_CONFIGURATION_BYTES ? undefined : mpeg4Format(bytes);
    if (found === undefined) return;
    format = found;
    configuration = Uint8Array.from(bytes);
  };
  const readStart = (data: Uint8Array): FrameStart | undefined => {
    const buffer = Buffer.from(data.buffer, data.byteOffset, Math.min(data.length, MOST_CONFIGURATION_BYTES));
    const at = buffer.indexOf(FRAME_START);
    if (at !== 0) configure(at < 0 ? data : data.subarray(0, at));
    if (at < 0) return undefined;
    const isKey = (data[at + FRAME_START.length] ?? 0xff) >> 6 === 0;
    // The data before the frame may be a time code only.
    return { isKey, format, before: configuration };
  };
  configure(Buffer.from((parameters.fmtp.config ?? "").slice(0, 2 * MOST_CONFIGURATION_BYTES), "hex"));
  const depacketizer = frameDepacketizer(
    {
      readPiece: (payload) => ({ data: payload, isStart: startsWithCode(payload) }),
      readStart,
    },
    parameters,
  );
  return { push: (packet) => depacketizer.push(packet).flatMap(splitFrames) };
}

/** A packet may contain several small frames (RFC 6416, 5.1), of which ffmpeg would decode one. They share one timestamp. */
function splitFrames(unit: AccessUnit): readonly AccessUnit[] {
  const data = Buffer.from(unit.data.buffer, unit.data.byteOffset, unit.data.length);
  const starts: number[] = [];
  for (let at = data.indexOf(FRAME_START); at >= 0; at = data.indexOf(FRAME_START, at + 1)) starts.push(at);
  if (starts.length <= 1) return [unit];
  const { format: _, ...following } = unit;
  return starts.map((start, index) => {
    const frame = Uint8Array.from(data.subarray(index === 0 ? 0 : start, starts[index + 1]));
    return { ...(index === 0 ? unit : { ...following, isKey: false }), data: frame, bytes: frame.length };
  });
}

function startsWithCode(bytes: Uint8Array): boolean {
  return START_CODE.every((byte, at) => bytes[at] === byte);
}
