import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { listenOnLoopback } from "../../network/listen-on-loopback.ts";
import {
  header,
  methodOf,
  parseMessage,
  type RtspMessage,
  replyTo,
  toText,
  uriOf,
  withHeader,
  withUri,
} from "./rtsp-message.ts";

/** The state of a connection, for habits that change with time. */
export interface Visit {
  /** Of the proxy itself. */
  readonly port: number;
  /** Counts the connections from 1. */
  readonly number: number;
  /** Milliseconds since the first packet; 0 before. */
  sinceFirstPacketMs(): number;
  close(): void;
}

/** How a camera differs from an ordinary one. Every part is optional. */
export interface Habit {
  /** @returns the camera's own reply, or the request as the ordinary camera gets it; "close" closes the connection */
  readonly onRequest?: (request: RtspMessage, visit: Visit) => RtspMessage | "close";
  readonly onReply?: (reply: RtspMessage, request: RtspMessage, visit: Visit) => RtspMessage;
  /** Made for each connection. It gets the packets of the first track (RTP) and returns what the camera sends instead. */
  readonly onPackets?: (visit: Visit) => (packet: Buffer) => readonly Buffer[];
  /** Whether RTCP is passed on. Default: only if packets are not changed. */
  readonly sendsRtcp?: boolean;
  /** Sends packets by UDP only: by TCP it refuses the request, or stays silent. */
  readonly udp?: "refuses TCP" | "is silent over TCP";
  /** Channels of TCP, whatever the agent asks for. */
  readonly channels?: readonly [rtp: number, rtcp: number];
  /** Bytes of the pieces in which the camera writes to TCP. */
  readonly pieceBytes?: number;
  /** Resets every connection while another one is open. */
  readonly servesOneClient?: boolean;
  /** Closes the connection when none of the requests that keep the session alive came for these seconds. */
  readonly session?: { readonly seconds: number; readonly isKeptAliveBy: (method: string) => boolean };
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
}

/** A camera with a habit. */
export interface OddProxy extends AsyncDisposable {
  readonly port: number;
  /** rtsp://127.0.0.1:PORT/cam */
  readonly address: string;
  /** All requests so far. */
  readonly requests: readonly RtspMessage[];
}

/** Puts an odd habit in front of an ordinary camera, whose path is /cam. */
export async function startOddProxy(cameraPort: number, habit: Habit): Promise<OddProxy> {
  const requests: RtspMessage[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let port = 0;
  const accept = (agent: Socket) => {
    agent.on("error", () => {});
    if (habit.servesOneClient === true && sockets.size > 0) {
      agent.destroy();
      return;
    }
    sockets.add(agent);
    agent.on("close", () => sockets.delete(agent));
    serve(agent, { port, cameraPort, number: ++connections, habit, heard: (one) => requests.push(one) });
  };
  const server: Server = habit.tls === undefined ? createServer(accept) : createTlsServer(habit.tls, accept);
  port = await listenOnLoopback(server);
  return {
    port,
    address: `${habit.tls === undefined ? "rtsp" : "rtsps"}://127.0.0.1:${port}/cam`,
    requests,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

interface Connection {
  readonly port: number;
  readonly cameraPort: number;
  readonly number: number;
  readonly habit: Habit;
  readonly heard: (request: RtspMessage) => void;
}

function serve(agent: Socket, { port, cameraPort, number, habit, heard }: Connection): void {
  const camera = connect(cameraPort, "127.0.0.1").on("error", () => {});
  agent.setNoDelay();
  const waiting: RtspMessage[] = [];
  let firstPacketMs: number | undefined;
  let keptAliveMs = performance.now();
  let deliver: ((channel: number, packet: Buffer) => void) | undefined;
  const visit: Visit = {
    port,
    number,
    sinceFirstPacketMs: () => (firstPacketMs === undefined ? 0 : performance.now() - firstPacketMs),
    close: () => agent.destroy(),
  };
  const change = habit.onPackets?.(visit) ?? ((packet: Buffer) => [packet]);
  const sendsRtcp = habit.sendsRtcp ?? habit.onPackets === undefined;
  const write = (bytes: Buffer) => {
    const size = habit.pieceBytes ?? bytes.length;
    for (let at = 0; at < bytes.length; at += size) agent.write(bytes.subarray(at, at + size));
  };
  const timer = setInterval(() => {
    const isOver = performance.now() - keptAliveMs > (habit.session?.seconds ?? 3600) * 1000;
    if (isOver) agent.destroy();
  }, 200);
  agent.on("close", () => {
    clearInterval(timer);
    camera.destroy();
  });
  camera.on("close", () => agent.destroy());

  const openUdp = (request: RtspMessage): string | undefined => {
    const [, first] = /client_port=(\d+)/.exec(header(request, "Transport") ?? "") ?? [];
    if (first === undefined) return undefined;
    const sender = createSocket("udp4").on("error", () => {});
    sender.bind(0, "127.0.0.1");
    agent.on("close", () => sender.close());
    deliver = (channel, packet) => sender.send(packet, Number(first) + (channel % 2), "127.0.0.1");
    return first;
  };
  let udpPort: string | undefined;

  const passOn = (request: RtspMessage) => {
    heard(request);
    const isSetup = methodOf(request) === "SETUP";
    if (isSetup && habit.udp !== undefined) {
      udpPort = openUdp(request);
      if (udpPort === undefined && habit.udp === "refuses TCP") {
        write(Buffer.from(toText(replyTo(request, "461 Unsupported Transport"))));
        return;
      }
      // It promises to send by TCP.
      if (udpPort === undefined) deliver = () => {};
    }
    const answer = habit.onRequest?.(request, visit) ?? request;
    if (answer === "close") {
      agent.destroy();
      return;
    }
    if (habit.session?.isKeptAliveBy(methodOf(request)) !== false) keptAliveMs = performance.now();
    if (answer.start.startsWith("RTSP/")) {
      write(Buffer.from(toText(answer)));
      return;
    }
    waiting.push(request);
    const track = /(?:stream|trackID)=(\d+)$/i.exec(uriOf(answer))?.[1] ?? "0";
    const path = isSetup ? `/cam/stream=${track}` : "/cam";
    const at = withUri(answer, `rtsp://127.0.0.1:${cameraPort}${path}`);
    const carrier = `RTP/AVP/TCP;unicast;interleaved=${(habit.channels ?? [0, 1]).join("-")}`;
    const owns = isSetup && (habit.udp !== undefined || habit.channels !== undefined);
    camera.write(toText(owns ? withHeader(at, "Transport", carrier) : at));
  };

  const passBack = (reply: RtspMessage) => {
    const request = waiting.shift();
    if (request === undefined) return;
    const renamed = (text: string) => text.replaceAll(`127.0.0.1:${cameraPort}`, `127.0.0.1:${port}`);
    let answer: RtspMessage = {
      ...reply,
      headers: reply.headers.map(([name, value]) => [name, renamed(value)] as const),
      body: reply.body,
    };
    if (methodOf(request) === "SETUP" && udpPort !== undefined) {
      const pair = `${udpPort}-${Number(udpPort) + 1}`;
      answer = withHeader(answer, "Transport", `RTP/AVP;unicast;client_port=${pair};server_port=6970-6971`);
    }
    write(Buffer.from(toText(habit.onReply?.(answer, request, visit) ?? answer)));
  };

  const passPacket = (channel: number, packet: Buffer) => {
    firstPacketMs ??= performance.now();
    if (channel % 2 === 1 && !sendsRtcp) return;
    for (const part of channel % 2 === 1 ? [packet] : change(packet)) {
      if (deliver === undefined) write(interleaved(channel, part));
      else deliver(channel, part);
    }
  };
  splitStream(agent, passOn, () => {});
  splitStream(camera, passBack, passPacket);
}

/** A packet in its frame for TCP (RFC 2326, 10.12). */
function interleaved(channel: number, packet: Buffer): Buffer {
  const frame = Buffer.alloc(4);
  frame.set([0x24, channel]);
  frame.writeUInt16BE(packet.length, 2);
  return Buffer.concat([frame, packet]);
}

/** Splits what a socket receives into messages and packets. */
function splitStream(
  socket: Socket,
  onMessage: (message: RtspMessage) => void,
  onPacket: (channel: number, packet: Buffer) => void,
): void {
  let held = Buffer.alloc(0);
  socket.on("data", (part) => {
    held = Buffer.concat([held, part]);
    while (held.length >= 4) {
      if (held[0] === 0x24) {
        const end = 4 + held.readUInt16BE(2);
        if (held.length < end) return;
        onPacket(held[1] ?? 0, held.subarray(4, end));
        held = held.subarray(end);
        continue;
      }
      const end = held.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = held.subarray(0, end).toString();
      const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
      if (held.length < end + 4 + length) return;
      const body = held.subarray(end + 4, end + 4 + length).toString();
      held = held.subarray(end + 4 + length);
      onMessage(parseMessage(head, body));
    }
  });
}
