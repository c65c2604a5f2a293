import type { AccessUnit, Depacketizer, RtpPacket, TrackParameters, VideoFormat } from "./access-unit.ts";
import { rtpClock } from "./rtp-clock.ts";
import { unitBuffer } from "./unit-buffer.ts";

/** The content of a packet. */
export interface FramePiece {
  readonly data: Uint8Array;
  /** Whether a frame begins here. */
  readonly isStart: boolean;
}

/** The properties of a frame that are known from its beginning. */
export interface FrameStart {
  readonly isKey: boolean;
  /** Of a key frame; without it the frame is no key frame. */
  readonly format: VideoFormat | undefined;
  /** Precedes the frame for the decoder. */
  readonly before?: Uint8Array | undefined;
}

/** A codec whose frames are split into packets at any byte. */
export interface FrameCodec {
  /** @returns undefined if the payload is invalid */
  readPiece(payload: Uint8Array): FramePiece | undefined;
  /** @returns undefined if the data only configures the decoder: it is kept by the codec, not by the access unit */
  readStart(data: Uint8Array): FrameStart | undefined;
}

const NONE: readonly AccessUnit[] = [];

/** Joins packets to frames. A frame ends at the marker, where the timestamp changes, or where the next one begins. */
export function frameDepacketizer(codec: FrameCodec, { clockRate }: TrackParameters): Depacketizer {
  const seconds = rtpClock(clockRate);
  const parts = unitBuffer();
  let start: FrameStart | undefined;
  let timestamp: number | undefined;
  let arrivedMs = 0;
  let isIncomplete = false;
  let needsKey = true;
  let isMarkerReliable = true;
  let markedTimestamp: number | undefined;

  const finish = (): readonly AccessUnit[] => {
    isIncomplete ||= parts.isOverfull() || start === undefined;
    const format = start?.isKey === true && !isIncomplete ? start.format : undefined;
    needsKey = format === undefined && (needsKey || isIncomplete);
    const data = parts.take();
    const unit: AccessUnit = {
      ...{ data, bytes: data.length, isKey: format !== undefined },
      ...(format && { format }),
      ...{ rotation: 0, streamSeconds: seconds(timestamp ?? 0), arrivedMs, isDamaged: needsKey },
    };
    timestamp = undefined;
    start = undefined;
    isIncomplete = false;
    return data.length === 0 ? NONE : [unit];
  };

  /** @returns the frame before, if this piece ends it */
  const add = (piece: FramePiece | undefined, packet: RtpPacket): readonly AccessUnit[] => {
    let before = NONE;
    if (piece?.isStart === true) {
      const next = codec.readStart(piece.data);
      if (next === undefined) return NONE;
      if (timestamp !== undefined) before = finish();
      start = next;
      if (next.isKey && next.before !== undefined) parts.add(next.before);
    } else if (timestamp === undefined && packet.timestamp === markedTimestamp) {
      // A marker ended the frame between two packets.
      isMarkerReliable = false;
    }
    timestamp = packet.timestamp;
    arrivedMs = packet.arrivedMs;
    if (piece === undefined) isIncomplete = true;
    else parts.add(piece.data);
    return before;
  };

  return {
    push(packet) {
      let before = NONE;
      if (packet.isAfterLoss) {
        needsKey = true;
        isIncomplete = timestamp !== undefined;
        markedTimestamp = undefined;
      }
      if (timestamp !== undefined && timestamp !== packet.timestamp) before = finish();
      if (packet.payload.length > 0) {
        const ended = add(codec.readPiece(packet.payload), packet);
        if (ended.length > 0) before = [...before, ...ended];
      }
      if (!packet.marker || !isMarkerReliable || timestamp === undefined) return before;
      const last = finish();
      markedTimestamp = packet.timestamp;
      return before.length === 0 ? last : [...before, ...last];
    },
  };
}
