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

/** Takes the packets of a track from its link. */
export interface LinkReceiver {
  readonly receive: ReceivePacket;
  readonly payloadType: number;
  /** Packets may be missing before the next one. */
  lose(): void;
}

/** A track on the connection itself. */
interface Interleaved {
  readonly receiver: LinkReceiver;
  channels: readonly [rtp: number, rtcp: number];
  /** Whether RTP has arrived on its channel. */
  isHeard: boolean;
}

/**
 * The packets of all tracks between the messages on the connection itself (RFC 2326, 10.12). Some cameras send on other
 * channels than they state: a track without packets on its channel takes those of its payload type from any channel.
 */
export function interleavedLinks(connection: RtspConnection): (receiver: LinkReceiver) => Link {
  const tracks: Interleaved[] = [];
  connection.onFrame(
    (channel, payload) => {
      if (isRtcp(payload)) {
        tracks.find(({ channels }) => channels.includes(channel))?.receiver.receive("rtcp", payload);
        return;
      }
      const track = trackOf(tracks, channel, payload);
      if (track === undefined) return;
      track.isHeard ||= track.channels[0] === channel;
      track.receiver.receive("rtp", payload);
    },
    () => {
      for (const { receiver } of tracks) receiver.lose();
    },
  );
  return (receiver) => {
    const next = 2 * tracks.length;
    const track: Interleaved = { receiver, channels: [next, next + 1], isHeard: false };
    tracks.push(track);
    return {
      transport: `RTP/AVP/TCP;unicast;interleaved=${track.channels.join("-")}`,
      accept(transport) {
        const { rtp, rtcp } =
          /interleaved=(?<rtp>\d{1,3})(?:-(?<rtcp>\d{1,3}))?/i.exec(transport)?.groups ?? {};
        if (rtp === undefined) return !/client_port|server_port/i.test(transport);
        track.channels = [Number(rtp), Number(rtcp ?? Number(rtp) + 1)];
        return track.channels.every((channel) => channel < 256);
      },
      sendRtcp: (packet) => connection.sendFrame(track.channels[1], packet),
      [Symbol.dispose]: () => void tracks.splice(tracks.indexOf(track), 1),
    };
  };
}

/** The track whose channel it is; else one that has not been heard, preferably of the packet's type. */
function trackOf(tracks: readonly Interleaved[], channel: number, packet: Buffer): Interleaved | undefined {
  const onChannel = tracks.filter(({ channels }) => channels[0] === channel);
  const type = (packet[1] ?? 0) & 0x7f;
  const isOfType = ({ receiver }: Interleaved) => receiver.payloadType === type;
  const own = onChannel.find(isOfType);
  if (own !== undefined) return own;
  const unheard = tracks.filter(({ isHeard }) => !isHeard);
  return unheard.find(isOfType) ?? onChannel[0] ?? (tracks.length === 1 ? unheard[0] : undefined);
}

/** Types 192 to 223 (RFC 5761, 4). */
function isRtcp([, type = 0]: Buffer): boolean {
  return type >= 192 && type <= 223;
}
