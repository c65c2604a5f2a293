import type { RtpPacket } from "./access-unit.ts";

const FIXED_HEADER_BYTES = 12;

/**
 * Parses a packet (RFC 3550, 5.1 and 5.3.1). The payload is a view.
 * @returns undefined for invalid packets
 */
export function parseRtp(bytes: Uint8Array, arrivedMs: number): RtpPacket | undefined {
  if (bytes.length < FIXED_HEADER_BYTES) return undefined;
  const first = byteAt(bytes, 0);
  if (first >> 6 !== 2) return undefined;
  let start = FIXED_HEADER_BYTES + 4 * (first & 15);
  let end = bytes.length;
  if ((first & 0x10) !== 0) {
    if (start + 4 > end) return undefined;
    start += 4 + 4 * uint16(bytes, start + 2);
  }
  if ((first & 0x20) !== 0) {
    const padding = byteAt(bytes, end - 1);
    if (padding === 0) return undefined;
    end -= padding;
  }
  if (start > end) return undefined;
  const second = byteAt(bytes, 1);
  return {
    payload: bytes.subarray(start, end),
    payloadType: second & 0x7f,
    marker: second > 0x7f,
    sequence: uint16(bytes, 2),
    timestamp: uint32(bytes, 4),
    arrivedMs,
    isAfterLoss: false,
  };
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function uint16(bytes: Uint8Array, at: number): number {
  return (byteAt(bytes, at) << 8) | byteAt(bytes, at + 1);
}

function uint32(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at) * 0x1_0000 + uint16(bytes, at + 2);
}

/** Puts the packets of one track in order. */
export interface PacketOrder {
  /**
   * @param packet an RTP packet as received. Others are dropped.
   * @param arrivedMs milliseconds of the monotonic clock
   * @returns the packets that are now in order
   */
  push(packet: Uint8Array, arrivedMs: number): readonly RtpPacket[];
  /** Packets may be missing before the next one, whatever its sequence number. */
  lose(): void;
}

/** Largest forward and backward steps of a sequence that has not restarted (RFC 3550, A.1). */
const MOST_LOST = 3000;
const MOST_LATE = 100;
/** While a packet is missing, at most this many later packets are held back, for at most this time. */
const MOST_HELD = 64;
const LONGEST_WAIT_MS = 200;
/** Payload types of RTCP packets with the marker bit (RFC 5761, 4). */
const isRtcp = (payloadType: number) => payloadType >= 64 && payloadType <= 95;
const NONE: readonly RtpPacket[] = [];

/**
 * Orders the packets of a track by sequence number; drops duplicates and late packets; marks losses. A new SSRC and a jump
 * of the sequence numbers start a new sequence.
 * @param payloadTypes those of the track. Packets of other types only count in the sequence.
 * @param isReliable true over TCP: no packet is held back, since a missing one never follows
 */
export function orderPackets({
  payloadTypes,
  isReliable,
}: {
  readonly payloadTypes: readonly number[];
  readonly isReliable: boolean;
}): PacketOrder {
  let ssrc: number | undefined;
  let next = 0;
  /** In the order of their sequence numbers, all after `next`. */
  let held: RtpPacket[] = [];
  /** A packet far from the others: starts a new sequence if the next packet follows it. */
  let suspect: RtpPacket | undefined;
  /** The next packet of the track follows a loss. */
  let isLossUnreported = false;

  const isOfTrack = ({ payloadType }: RtpPacket) => payloadTypes.includes(payloadType);
  /** @returns undefined for a packet of another payload type */
  const follow = (packet: RtpPacket, isGap: boolean): RtpPacket | undefined => {
    next = (packet.sequence + 1) & 0xffff;
    const isAfterLoss = isGap || isLossUnreported;
    isLossUnreported = isAfterLoss && !isOfTrack(packet);
    if (!isOfTrack(packet)) return undefined;
    return isAfterLoss ? { ...packet, isAfterLoss } : packet;
  };
  const deliver = (packet: RtpPacket, isGap: boolean, ordered: RtpPacket[]): void => {
    const following = follow(packet, isGap);
    if (following !== undefined) ordered.push(following);
  };

  /** Delivers held packets up to the first gap, and after a gap for which it no longer waits. */
  const release = (arrivedMs: number, ordered: RtpPacket[]): void => {
    while (held[0] !== undefined) {
      const isNext = held[0].sequence === next;
      const isOverdue = held.some((packet) => arrivedMs - packet.arrivedMs > LONGEST_WAIT_MS);
      if (!isNext && held.length <= MOST_HELD && !isOverdue) return;
      deliver(held[0], !isNext, ordered);
      held.shift();
    }
  };

  const hold = (packet: RtpPacket): void => {
    const distance = (sequence: number) => (sequence - next) & 0xffff;
    const at = held.findIndex(({ sequence }) => distance(sequence) >= distance(packet.sequence));
    if (at < 0) held.push(packet);
    else if (held[at]?.sequence !== packet.sequence) held.splice(at, 0, packet);
  };

  const restart = (packets: readonly RtpPacket[], isAfterLoss: boolean): RtpPacket[] => {
    const ordered: RtpPacket[] = [];
    for (const packet of held) deliver(packet, packet.sequence !== next, ordered);
    held = [];
    suspect = undefined;
    packets.forEach((packet, index) => {
      deliver(packet, isAfterLoss && index === 0, ordered);
    });
    return ordered;
  };

  const order = (packet: RtpPacket): readonly RtpPacket[] => {
    const step = ((packet.sequence - next) << 16) >> 16;
    const isJump = step > MOST_LOST || step < -MOST_LATE;
    if (step < 0 && !isJump) return NONE;
    if (isReliable) {
      const following = follow(packet, step !== 0);
      return following === undefined ? NONE : [following];
    }
    if (isJump) {
      if (suspect !== undefined && ((suspect.sequence + 1) & 0xffff) === packet.sequence) {
        return restart([suspect, packet], true);
      }
      suspect = packet;
      return NONE;
    }
    suspect = undefined;
    const ordered: RtpPacket[] = [];
    hold(packet);
    release(packet.arrivedMs, ordered);
    return ordered;
  };

  return {
    lose() {
      isLossUnreported = true;
    },
    push(bytes, arrivedMs) {
      const packet = parseRtp(bytes, arrivedMs);
      if (packet === undefined || isRtcp(packet.payloadType)) return NONE;
      const source = uint32(bytes, 8);
      if (source === ssrc) return order(packet);
      if (!isOfTrack(packet)) return NONE;
      const isAfterLoss = ssrc !== undefined;
      ssrc = source;
      return restart([packet], isAfterLoss);
    },
  };
}
