/** A coded frame of a camera's video, in the packets in which it arrived. */
export interface TsFrame {
  /** Presentation time in units of 90 kHz. */
  readonly pts: number;
  readonly packets: Uint8Array;
}

/** Cuts MPEG-TS (ISO/IEC 13818-1, section 2.4.3) into the frames of its video. */
export interface TsFrames {
  /** @returns the frames that these bytes complete, in order */
  push(part: Uint8Array): readonly TsFrame[];
}

const PACKET_BYTES = 188;
const SYNC_BYTE = 0x47;
/** `stream_id` of the first video stream. */
const VIDEO = 0xe0;
/** A frame of 2.5 Mbit/s has some 12 kB. */
const MOST_FRAME_BYTES = 1_000_000;

interface Packet {
  readonly startsFrame: boolean;
  /** A decoder can start here. */
  readonly isKey: boolean;
  /** The multiplexer fills only the last packet of a frame with stuffing. */
  readonly isStuffed: boolean;
  readonly counter: number;
  readonly pts: number | undefined;
}

/** The frames begin with a key frame, also after a loss: a viewer that falls behind does not get all packets. */
export function tsFrames(): TsFrames {
  let rest = new Uint8Array(0);
  let parts: Uint8Array[] = [];
  let bytes = 0;
  let pts: number | undefined;
  let counter: number | undefined;

  function complete(): readonly TsFrame[] {
    const frame = pts === undefined ? [] : [{ pts, packets: joined(parts) }];
    [parts, bytes, pts] = [[], 0, undefined];
    return frame;
  }

  let needsKey = true;
  function take(bytesOfPacket: Uint8Array): readonly TsFrame[] {
    const packet = videoPacket(bytesOfPacket);
    if (packet === undefined) return [];
    if (counter !== undefined && packet.counter !== ((counter + 1) & 15)) {
      [parts, bytes, pts, needsKey] = [[], 0, undefined, true];
    }
    counter = packet.counter;
    const done = packet.startsFrame ? complete() : [];
    if (packet.isKey && packet.startsFrame) needsKey = false;
    if (needsKey) return done;
    if (packet.startsFrame) pts = packet.pts;
    if (pts === undefined) return done;
    parts.push(bytesOfPacket);
    bytes += PACKET_BYTES;
    if (bytes > MOST_FRAME_BYTES) [parts, bytes, pts, needsKey] = [[], 0, undefined, true];
    return packet.isStuffed ? [...done, ...complete()] : done;
  }

  return {
    push(part) {
      const all = joined([rest, part]);
      const frames: TsFrame[] = [];
      let at = 0;
      while (at + PACKET_BYTES <= all.length) {
        if (all[at] !== SYNC_BYTE) {
          at++;
          continue;
        }
        frames.push(...take(all.slice(at, at + PACKET_BYTES)));
        at += PACKET_BYTES;
      }
      rest = all.slice(at);
      return frames;
    },
  };
}

/** Reads the header of a packet; undefined if the packet contains no video. The only streams are video and tables. */
function videoPacket(packet: Uint8Array): Packet | undefined {
  const byte = (at: number) => packet[at] ?? 0;
  const hasPayload = (byte(3) & 0x10) !== 0;
  const pid = ((byte(1) & 0x1f) << 8) | byte(2);
  if (!hasPayload || pid < FIRST_MEDIA_PID) return undefined;
  const startsFrame = (byte(1) & 0x40) !== 0;
  const hasAdaptation = (byte(3) & 0x20) !== 0;
  const length = hasAdaptation ? byte(4) : 0;
  const flags = length > 0 ? byte(5) : 0;
  // With a clock reference, of 6 bytes, the field has 7.
  const isStuffed = hasAdaptation && length !== ((flags & 0x10) !== 0 ? 7 : 1);
  const payload = hasAdaptation ? 5 + length : 4;
  const isVideo = byte(payload + 2) === 1 && byte(payload + 3) === VIDEO;
  if (startsFrame && !isVideo) return undefined;
  return {
    startsFrame,
    isKey: (flags & 0x40) !== 0,
    isStuffed,
    counter: byte(3) & 15,
    pts: startsFrame && (byte(payload + 7) & 0x80) !== 0 ? ptsAt(packet, payload + 9) : undefined,
  };
}

/** ffmpeg gives its tables the identifiers 0, 17 and 4096, and the video 256. */
const FIRST_MEDIA_PID = 32;

/** 33 bits in five bytes, with marker bits between them. */
function ptsAt(packet: Uint8Array, at: number): number {
  const byte = (offset: number) => packet[at + offset] ?? 0;
  const high = (byte(0) >> 1) & 7;
  const middle = (byte(1) << 7) | (byte(2) >> 1);
  const low = (byte(3) << 7) | (byte(4) >> 1);
  return high * 2 ** 30 + middle * 2 ** 15 + low;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((bytes, { length }) => bytes + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
