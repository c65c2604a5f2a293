import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import type { RtspConnection } from "./connection.ts";
import type { Link, ReceivePacket } from "./link.ts";
import { emptyReceiverReport } from "./rtcp.ts";

/** A key frame of a 4K stream arrives at once. The kernel may grant less (`net.core.rmem_max`). */
const RECEIVE_BUFFER_BYTES = 2 ** 21;
const MOST_TRIES = 20;
/** A packet without content: opens the way for the camera's packets through firewalls and address translators. */
const EMPTY_RTP_PACKET = Buffer.from([0x80, ...new Uint8Array(11)]);

/**
 * The packets of one track by UDP, on two adjacent ports of which the first is even (RFC 3550, 11). Accepts packets only
 * from the camera's address.
 * @param host the camera's host, as configured
 * @throws the socket's error if no ports are free
 */
export async function udpLink(
  connection: RtspConnection,
  host: string,
  receive: ReceivePacket,
): Promise<Link> {
  const [rtp, rtcp] = await bindPair(connection.localAddress);
  // A link-local address is valid only with its interface, which only the configured host contains.
  const camera = isIPv6(host) && host.includes("%") ? host : connection.remoteAddress;
  const from = plainAddress(connection.remoteAddress);
  let rtcpPort: number | undefined;
  rtp.on("message", (packet, sender) => plainAddress(sender.address) === from && receive("rtp", packet));
  rtcp.on("message", (packet, sender) => plainAddress(sender.address) === from && receive("rtcp", packet));
  // A closed port at the camera causes an error of the socket. It is ignored: missing packets are detected anyway.
  for (const socket of [rtp, rtcp]) socket.on("error", () => {});
  const { port } = rtp.address();
  return {
    transport: `RTP/AVP;unicast;client_port=${port}-${port + 1}`,
    accept(transport) {
      if (/RTP\/AVP\/TCP|interleaved=/i.test(transport)) return false;
      const { rtpPort, next } =
        /server_port=(?<rtpPort>\d{1,5})(?:-(?<next>\d{1,5}))?/i.exec(transport)?.groups ?? {};
      if (rtpPort === undefined) return true;
      rtcpPort = Number(next ?? Number(rtpPort) + 1);
      if (!isPort(Number(rtpPort)) || !isPort(rtcpPort)) return false;
      rtp.send(EMPTY_RTP_PACKET, Number(rtpPort), camera, () => {});
      rtcp.send(emptyReceiverReport(), rtcpPort, camera, () => {});
      return true;
    },
    sendRtcp(packet) {
      if (rtcpPort !== undefined) rtcp.send(packet, rtcpPort, camera, () => {});
    },
    [Symbol.dispose]() {
      rtp.close();
      rtcp.close();
    },
  };
}

const isPort = (port: number) => port > 0 && port < 65_536;

/** Removes the interface, and the IPv6 prefix of an IPv4 address. */
function plainAddress(address: string): string {
  return address.replace(/%.*$/, "").replace(/^::ffff:(?=\d+\.)/, "");
}

/** @returns the sockets of an even port and of the next one */
async function bindPair(localAddress: string): Promise<readonly [Socket, Socket]> {
  for (let tries = 1; ; tries++) {
    const first = await bind(0, localAddress);
    const { port } = first.address();
    const isEven = port % 2 === 0;
    try {
      const second = await bind(isEven ? port + 1 : port - 1, localAddress);
      return isEven ? [first, second] : [second, first];
    } catch (error) {
      first.close();
      if (tries === MOST_TRIES) throw error;
    }
  }
}

async function bind(port: number, address: string): Promise<Socket> {
  const type = isIPv6(address) ? "udp6" : "udp4";
  const socket = createSocket({ type, recvBufferSize: RECEIVE_BUFFER_BYTES });
  try {
    socket.bind(port, address);
    await once(socket, "listening");
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}
