import type { AccessUnit, Depacketizer, RtpPacket } from "../../../agent/camera/rtsp/access-unit.ts";
import { orderPackets } from "../../../agent/camera/rtsp/rtp.ts";

/** Feeds a depacketiser with packets as received, one each millisecond. Their payloads change afterwards, as over TCP. */
export function receivePackets(
  packets: readonly Uint8Array[],
  depacketizer: Depacketizer,
  { isReliable = false, payloadTypes = [96] } = {},
): AccessUnit[] {
  const order = orderPackets({ payloadTypes, isReliable });
  const receive = (packet: RtpPacket) => {
    const payload = Uint8Array.from(packet.payload);
    const units = depacketizer.push({ ...packet, payload });
    payload.fill(0xff);
    return units;
  };
  return packets.flatMap((bytes, at) => order.push(bytes, at).flatMap(receive));
}

/** A letter for each access unit: K key frame, x damaged, l leading, . another one. */
export function kindsOf(units: readonly AccessUnit[]): string {
  return units
    .map(({ isDamaged, isKey, isLeading }) =>
      isDamaged ? "x" : isKey ? "K" : isLeading === true ? "l" : ".",
    )
    .join("");
}

/** All bytes of the access units. */
export function joinUnits(units: readonly AccessUnit[]): Buffer {
  return Buffer.concat(units.map(({ data }) => data));
}
