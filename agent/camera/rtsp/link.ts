import type { RtspConnection } from "./connection.ts";

/** Takes the packets of a track; the bytes are valid during the call only if packets arrive by TCP. */
export type ReceivePacket = (kind: "rtp" | "rtcp", packet: Buffer) => void;

/** The transport of one track's packets. Leaving the scope stops it. */
export interface Link extends Disposable {
  /** The Transport header of the SETUP request (RFC 2326, 12.39). */
  readonly transport: string;
  /**
   * Takes the Transport header of the reply.
   * @returns false if the camera has chosen another transport
   */
  accept(transport: string): boolean;
  /** Sends an RTCP packet to the camera. */
  sendRtcp(packet: Uint8Array): void;
}

/** The packets of all tracks between the messages on the connection itself (RFC 2326, 10.12). */
export function interleavedLinks(connection: RtspConnection): (receive: ReceivePacket) => Link {
  const receivers: (((packet: Buffer) => void) | undefined)[] = [];
  connection.onFrame((channel, payload) => receivers[channel]?.(payload));
  let next = 0;
  return (receive) => {
    let channels = [next, next + 1] as const;
    next += 2;
    const route = (isOpen: boolean) => {
      receivers[channels[0]] = isOpen ? (packet) => receive("rtp", packet) : undefined;
      receivers[channels[1]] = isOpen ? (packet) => receive("rtcp", packet) : undefined;
    };
    route(true);
    return {
      transport: `RTP/AVP/TCP;unicast;interleaved=${channels[0]}-${channels[1]}`,
      accept(transport) {
        const { rtp, rtcp } =
          /interleaved=(?<rtp>\d{1,3})(?:-(?<rtcp>\d{1,3}))?/i.exec(transport)?.groups ?? {};
        if (rtp === undefined) return !/client_port|server_port/i.test(transport);
        route(false);
        channels = [Number(rtp), Number(rtcp ?? Number(rtp) + 1)];
        route(true);
        return channels[0] < 256 && channels[1] < 256;
      },
      sendRtcp: (packet) => connection.sendFrame(channels[1], packet),
      [Symbol.dispose]: () => route(false),
    };
  };
}
