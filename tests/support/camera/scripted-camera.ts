import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { listenOnLoopback } from "../network/listen-on-loopback.ts";

/** A request that a scripted camera has received. */
export interface ScriptedRequest {
  readonly method: string;
  readonly uri: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Counts connections from 1. */
  readonly connection: number;
}

/** How a scripted camera answers: with a status, without an answer, or by closing the connection. */
export type ScriptedAnswer =
  | {
      readonly status?: string;
      readonly headers?: readonly string[];
      readonly body?: string;
      /** Sent before the answer. */
      readonly before?: Uint8Array;
      /** Whether the answer has no CSeq. */
      readonly isUnnumbered?: boolean;
    }
  | "silence"
  | "close";

export interface ScriptedCameraOptions {
  /** Answers some requests; undefined: the camera answers as an honest one. */
  readonly answer?: (request: ScriptedRequest) => ScriptedAnswer | undefined;
  /** Default: one H.264 track of 640×480. */
  readonly description?: string;
  /** Headers of the reply to DESCRIBE. Default: Content-Base with the URI of the request. */
  readonly describeHeaders?: readonly string[];
  readonly transports?: readonly ("tcp" | "udp")[];
  /** The RTP packets of the first track, counted from 0; undefined: none. Default: `keyFramePacket`. */
  readonly packet?: (number: number) => Uint8Array | undefined;
  /** Milliseconds between packets. */
  readonly everyMs?: number;
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** An RTSP server for tests that answers as told. */
export interface ScriptedCamera extends AsyncDisposable {
  readonly port: number;
  readonly requests: readonly ScriptedRequest[];
  /** RTCP packets that it has received by TCP or UDP. */
  readonly reports: readonly Buffer[];
  /** Methods of the requests in order, without repetition of the last one. */
  methods(): readonly string[];
  /** Sends bytes on all connections. */
  send(bytes: string | Uint8Array): void;
  closeConnections(): void;
}

/** The parameter sets of 640×480. */
export const SPROP = "Z0IAKeKQFAe2AtwEBAaQeJEV,aM48gA==";
const HEAD = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n";

/** A description with these media sections, each without its `m=`: `video 0 RTP/AVP 96\r\na=…`. */
export function describing(...media: readonly string[]): string {
  return HEAD + media.map((section) => `m=${section}\r\n`).join("");
}

export const H264_TRACK = `video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;sprop-parameter-sets=${SPROP}\r\na=control:track1`;

/** A packet of one key frame at 25 frames per second: the slice of a whole H.264 frame (RFC 6184, 5.6). */
export function keyFramePacket(number: number): Uint8Array {
  const packet = Buffer.alloc(12 + 40);
  packet.set([0x80, 0x80 | 96]);
  packet.writeUInt16BE(number & 0xffff, 2);
  packet.writeUInt32BE((number * 3600) >>> 0, 4);
  packet.writeUInt32BE(0x1234_5678, 8);
  packet.set([0x65, 0x88, 0x84], 12);
  return packet;
}

/** An interleaved frame (RFC 2326, 10.12). */
export function interleaved(channel: number, payload: Uint8Array): Buffer {
  const header = Buffer.from([0x24, channel, payload.length >> 8, payload.length & 255]);
  return Buffer.concat([header, payload]);
}

export async function startScriptedCamera(options: ScriptedCameraOptions = {}): Promise<ScriptedCamera> {
  const requests: ScriptedRequest[] = [];
  const reports: Buffer[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server =
    options.tls === undefined
      ? createServer((socket) => serve(socket))
      : createTlsServer(options.tls, (socket) => serve(socket));

  function serve(socket: Socket): void {
    const connection = ++connections;
    const visit = visitOf(socket, options, reports);
    sockets.add(socket);
    socket
      .on("error", () => {})
      .on("close", () => {
        sockets.delete(socket);
        visit[Symbol.dispose]();
      });
    let held = Buffer.alloc(0);
    socket.on("data", (part: Buffer) => {
      held = Buffer.concat([held, part]);
      while (held.length > 4) {
        if (held[0] === 0x24) {
          const end = 4 + held.readUInt16BE(2);
          if (held.length < end) return;
          reports.push(held.subarray(4, end));
          held = held.subarray(end);
          continue;
        }
        const end = held.indexOf("\r\n\r\n");
        if (end < 0) return;
        const request = requestOf(held.toString("utf8", 0, end), connection);
        held = held.subarray(end + 4);
        // Replies to the camera's own requests.
        if (request.method.startsWith("RTSP/")) requests.push({ ...request, method: `reply ${request.uri}` });
        else {
          requests.push(request);
          visit.answer(request);
        }
      }
    });
  }

  const port = await listenOnLoopback(server);
  return {
    port,
    requests,
    reports,
    methods: () => requests.map(({ method }) => method).filter((method, at, all) => method !== all[at - 1]),
    send(bytes) {
      for (const socket of sockets) socket.write(bytes);
    },
    closeConnections() {
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

function requestOf(text: string, connection: number): ScriptedRequest {
  const [start = "", ...lines] = text.split("\r\n");
  const [method = "", uri = ""] = start.split(" ");
  const pairs = lines.map((line) => line.split(/:\s*(.*)/s));
  const headers = Object.fromEntries(pairs.map(([name = "", value = ""]) => [name.toLowerCase(), value]));
  return { method, uri, headers, connection };
}

/** The honest behaviour of one connection. */
function visitOf(socket: Socket, options: ScriptedCameraOptions, reports: Buffer[]) {
  const { answer, description = describing(H264_TRACK), transports = ["tcp", "udp"] } = options;
  const { packet = keyFramePacket, everyMs = 20 } = options;
  const udp = createSocket("udp4");
  udp.on("message", (bytes) => reports.push(bytes)).on("error", () => {});
  udp.bind(0, "127.0.0.1");
  let send = (_: Uint8Array): void => {};
  let timer: NodeJS.Timeout | undefined;

  function setUp(transport: string): ScriptedAnswer {
    const [, ports] = /client_port=(\d+)/.exec(transport) ?? [];
    const [, channel] = /interleaved=(\d+)/.exec(transport) ?? [];
    if (!transports.includes(ports === undefined ? "tcp" : "udp"))
      return { status: "461 Unsupported transport" };
    if (channel === "0") send = (bytes) => void socket.write(interleaved(0, bytes));
    if (ports !== undefined) send = (bytes) => udp.send(bytes, Number(ports), "127.0.0.1", () => {});
    const { port } = udp.address();
    const server = ports === undefined ? "" : `;server_port=${port}-${port}`;
    return { headers: ["Session: 12345678;timeout=60", `Transport: ${transport}${server}`] };
  }

  function play(): void {
    let number = 0;
    timer ??= setInterval(() => {
      const bytes = packet(number++);
      if (bytes !== undefined) send(bytes);
    }, everyMs);
  }

  function honest({ method, uri, headers }: ScriptedRequest): ScriptedAnswer {
    if (method === "OPTIONS") {
      return { headers: ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"] };
    }
    if (method === "DESCRIBE") {
      const own = options.describeHeaders ?? [`Content-Base: ${uri}/`];
      return { headers: ["Content-Type: application/sdp", ...own], body: description };
    }
    if (method === "SETUP") return setUp(headers.transport ?? "");
    if (method === "PLAY") play();
    return {};
  }

  return {
    answer(request: ScriptedRequest): void {
      const chosen = answer?.(request) ?? honest(request);
      if (chosen === "silence") return;
      if (chosen === "close") return void socket.destroy();
      const { status = "200 OK", headers = [], body = "", before, isUnnumbered } = chosen;
      const numbers = isUnnumbered === true ? [] : [`CSeq: ${request.headers.cseq}`];
      const length = body === "" ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
      if (before !== undefined) socket.write(before);
      socket.write(`RTSP/1.0 ${[status, ...numbers, ...headers, ...length].join("\r\n")}\r\n\r\n${body}`);
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      udp.close();
    },
  };
}

/** Asks for a password by Digest, and accepts only the right answer (RFC 7616). */
export function digestAnswer({
  user,
  password,
  algorithm = "MD5",
  nonceOf = () => "abc",
  challenges = [],
}: {
  readonly user: string;
  readonly password: string;
  readonly algorithm?: "MD5" | "SHA-256";
  /** The nonce that is valid for the request with this number, from 0. */
  readonly nonceOf?: (request: number) => string;
  /** Other challenges that are offered first. */
  readonly challenges?: readonly string[];
}): (request: ScriptedRequest) => ScriptedAnswer | undefined {
  const hash = (text: string) =>
    createHash(algorithm === "MD5" ? "md5" : "sha256")
      .update(text)
      .digest("hex");
  let number = 0;
  let lastCount = 0;
  return ({ method, uri, headers }) => {
    const nonce = nonceOf(number++);
    const pairs = (headers.authorization ?? "").matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g);
    const given = Object.fromEntries(
      [...pairs].map(([, name = "", text, token]) => [name, text ?? token ?? ""]),
    );
    const signed = `${given.nonce}:${given.nc}:${given.cnonce}:auth`;
    const expected = hash(`${hash(`${user}:cam:${password}`)}:${signed}:${hash(`${method}:${uri}`)}`);
    const isRight = given.response === expected && given.uri === uri;
    const count = Number.parseInt(given.nc ?? "0", 16);
    if (isRight && given.nonce === nonce && count > lastCount) {
      lastCount = count;
      return undefined;
    }
    lastCount = 0;
    const stale = isRight ? ", stale=true" : "";
    const own = `Digest realm="cam", nonce="${nonce}", algorithm=${algorithm}, qop="auth"${stale}`;
    const all = [...challenges, own].map((challenge) => `WWW-Authenticate: ${challenge}`);
    return { status: "401 Unauthorized", headers: all };
  };
}
