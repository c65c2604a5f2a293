import { foreignDataError } from "./protocol-errors.ts";

/** Of an interleaved frame: a dollar sign, the channel, and the length in two bytes (RFC 2326, 10.12). */
export const FRAME_HEADER_BYTES = 4;
export const DOLLAR = 0x24;

/** Tells damaged data of a connection from whole frames and replies. */
export interface DamagedData {
  /** A whole frame has arrived. @param payload valid during the call only */
  frame(channel: number, payload: Uint8Array): void;
  /** Whether damaged data may be skipped: frames have come. Before that, the server may not be a camera at all. */
  canSkip(): boolean;
  /** Whether the frame that begins here is damaged, as far as it has arrived. */
  isDamaged(bytes: Buffer, at: number): boolean;
  /**
   * Skips damaged data.
   * @returns the next place where a frame or a reply may begin
   * @throws RtspProtocolError if too much was skipped
   */
  skip(bytes: Buffer, at: number): number;
}

/** Sixteen of the largest frames. The time limit for packets applies, too. */
const MOST_SKIPPED_BYTES = 2 ** 20;
/** After as many frames without damage, the limit starts again. */
const WHOLE_FRAMES = 500;
/** The header of RTCP with a source (RFC 3550, 6.4). */
const LEAST_PAYLOAD_BYTES = 8;
const REPLY = Buffer.from("RTSP/1.");

export function damagedData(): DamagedData {
  /** The packet types that each channel has carried. */
  const seen = new Map<number, Set<number>>();
  let skippedBytes = 0;
  let wholeFrames = 0;
  let isLost = false;

  /** Whether a frame may begin here: also true while too little of it has arrived. */
  function isPlausible(bytes: Buffer, at: number): boolean {
    const [, channel, , , first, second] = bytes.subarray(at, at + FRAME_HEADER_BYTES + 2);
    const end = frameEnd(bytes, at);
    const types = channel === undefined ? undefined : seen.get(channel);
    return (
      (channel === undefined || types !== undefined) &&
      (end === undefined || end - at >= FRAME_HEADER_BYTES + LEAST_PAYLOAD_BYTES) &&
      (first === undefined || first >> 6 === 2) &&
      (second === undefined || types?.has(second & 0x7f) === true) &&
      isFollowed(bytes, end)
    );
  }

  const mayBegin = (bytes: Buffer, at: number) =>
    bytes[at] === DOLLAR ? isPlausible(bytes, at) : bytes[at] === REPLY[0] && beginsReply(bytes, at);

  return {
    frame(channel, payload) {
      const types = seen.get(channel) ?? new Set();
      seen.set(channel, types.add((payload[1] ?? 0) & 0x7f));
      isLost = false;
      wholeFrames++;
      if (wholeFrames >= WHOLE_FRAMES) skippedBytes = 0;
    },
    canSkip: () => seen.size > 0,
    isDamaged: (bytes, at) =>
      seen.size > 0 && !(isLost ? isPlausible(bytes, at) : isFollowed(bytes, frameEnd(bytes, at))),
    skip(bytes, at) {
      let next = at + 1;
      while (next < bytes.length && !mayBegin(bytes, next)) next++;
      isLost = true;
      wholeFrames = 0;
      skippedBytes += next - at;
      if (skippedBytes > MOST_SKIPPED_BYTES) throw foreignDataError();
      return next;
    },
  };
}

/** The end of the frame that begins here; undefined: its length has not arrived. */
export function frameEnd(bytes: Buffer, at: number): number | undefined {
  return bytes.length < at + FRAME_HEADER_BYTES
    ? undefined
    : at + FRAME_HEADER_BYTES + bytes.readUInt16BE(at + 2);
}

/** Whether another frame, a line break or a message follows, if anything does. */
function isFollowed(bytes: Buffer, end: number | undefined): boolean {
  const next = end === undefined ? undefined : bytes[end];
  return (
    next === undefined || next === DOLLAR || next === 0x0d || next === 0x0a || (next >= 0x41 && next <= 0x5a)
  );
}

function beginsReply(bytes: Buffer, at: number): boolean {
  const start = bytes.subarray(at, at + REPLY.length);
  return start.equals(REPLY.subarray(0, start.length));
}
