import type { Clock } from "../../base/clock.ts";
import type { RtpPacket } from "./access-unit.ts";
import type { Track } from "./description.ts";
import type { ReceivePacket } from "./link.ts";
import { watchReception } from "./rtcp.ts";
import { orderPackets } from "./rtp.ts";

/** Receives the packets of one track. */
export interface TrackReceiver {
  readonly receive: ReceivePacket;
  readonly payloadType: number;
  /** Packets may be missing before the next one. */
  lose(): void;
  /** An RTCP report on the packets since the last one; undefined before the first packet. */
  report(): Buffer | undefined;
  /** The payload type of the newest packet beside RTCP. `none`: there was none; `invalid`: it is no RTP. */
  newestType(): number | "none" | "invalid";
}

export interface TrackReceiverOptions {
  readonly clock: Clock;
  /** Identifies this receiver in its reports, 32 bits. */
  readonly ssrc: number;
  /** Over TCP, packets arrive in order and are not lost on the way. */
  readonly isReliable: boolean;
  /** The first packet, RTP or RTCP, has arrived. */
  readonly onFirst: () => void;
  /** Takes the track's packets in order. */
  readonly onPacket: (packet: RtpPacket) => void;
  /** The camera announces the end of the track. */
  readonly onBye: () => void;
}

export function trackReceiver(
  { payloadType, clockRate }: Track,
  { clock, ssrc, isReliable, onFirst, onPacket, onBye }: TrackReceiverOptions,
): TrackReceiver {
  const reception = watchReception(ssrc, clockRate);
  const order = orderPackets({ payloadTypes: [payloadType], isReliable });
  let isFirst = true;
  let newestType: number | "none" | "invalid" = "none";
  return {
    payloadType,
    lose: () => order.lose(),
    receive(kind, packet) {
      const nowMs = clock.monotonicMs();
      if (isFirst) onFirst();
      isFirst = false;
      if (kind === "rtcp") {
        if (reception.onRtcp(packet, nowMs)) onBye();
        return;
      }
      newestType = (packet[0] ?? 0) >> 6 === 2 ? (packet[1] ?? 0) & 0x7f : "invalid";
      reception.onRtp(packet, nowMs);
      for (const ordered of order.push(packet, nowMs)) onPacket(ordered);
    },
    report: () => reception.report(clock.monotonicMs()),
    newestType: () => newestType,
  };
}
