import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import type { Clock } from "../../base/clock.ts";
import type { RtspConnection } from "./connection.ts";
import type { Link, ReceivePacket } from "./link.ts";
import { type PacketBudget, packetBudget } from "./packet-budget.ts";
import { emptyReceiverReport } from "./rtcp.ts";

/** A key frame of a 4K stream arrives at once. The kernel may grant less (`net.core.rmem_max`). */
const RECEIVE_BUFFER_BYTES = 2 ** 21;
const MOST_TRIES = 20;
/** A packet without content: opens the way for the camera's packets through firewalls and address translators. */
const EMPTY_RTP_PACKET = Buffer.from([0x80, ...new Uint8Array(11)]);

export interface UdpLinkOptions {
  /** IP addresses of both ends. */
  readonly connection: Pick<RtspConnection, "localAddress" | "remoteAddress">;
  /** The camera's host, as configured. */
  readonly host: string;
  readonly receive: ReceivePacket;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** The camera sends more than `budget` allows. */
  readonly onFlood: () => void;
  /** Default: a new one. */
  readonly budget?: PacketBudget;
}

/**
 * The packets of one track by UDP, on two adjacent ports of which the first is even (RFC 3550, 11). Accepts packets only
 * from the camera's address; after the first one, the kernel drops those from other addresses and ports.
 * @throws the socket's error if no ports are free
 */
export async function udpLink(options: UdpLinkOptions): Promise<Link> {
  const { connection, host, receive, clock, onFlood, budget = packetBudget() } = options;
  const [rtp, rtcp] = await bindPair(connection.localAddress);
  // A link-local address is valid only with its interface, which only the configured host contains.
  const camera = isIPv6(host) && host.includes("%") ? host : connection.remoteAddress;
  const from = plainAddress(connection.remoteAddress);
  /** The camera's ports, if it states them. */
  let ports: { readonly rtp: number; readonly rtcp: number } | undefined;
  const connected = new Set<Socket>();
  const listen = (socket: Socket, kind: "rtp" | "rtcp") => {
    let isAsked = false;
    socket.on("message", (packet, { address, port }) => {
      if (plainAddress(address) !== from) return;
      if (!isAsked && (ports === undefined || ports[kind] === port)) {
        isAsked = true;
        socket.connect(port, camera, () => connected.add(socket));
      }
      const verdict = budget.take(packet.length, clock.monotonicMs());
      if (verdict === "process") receive(kind, packet);
      if (verdict === "flood") onFlood();
    });
  };
  listen(rtp, "rtp");
  listen(rtcp, "rtcp");
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
      const stated = { rtp: Number(rtpPort), rtcp: Number(next ?? Number(rtpPort) + 1) };
      if (!isPort(stated.rtp) || !isPort(stated.rtcp)) return false;
      ports = stated;
      rtp.send(EMPTY_RTP_PACKET, stated.rtp, camera, () => {});
      rtcp.send(emptyReceiverReport(), stated.rtcp, camera, () => {});
      return true;
    },
    sendRtcp(packet) {
      if (connected.has(rtcp)) rtcp.send(packet, () => {});
      else if (ports !== undefined) rtcp.send(packet, ports.rtcp, camera, () => {});
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
