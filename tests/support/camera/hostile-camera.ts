import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { listenOnLoopback } from "../network/listen-on-loopback.ts";

/** A request that a hostile camera, or the server it redirects to, has received. */
export interface HeardRequest {
  readonly method: string;
  readonly uri: string;
  readonly authorization: string | undefined;
}

/** An RTSP server that misbehaves. */
export interface HostileCamera extends AsyncDisposable {
  readonly port: number;
  readonly requests: readonly HeardRequest[];
  /** How many connections it has seen. */
  connections(): number;
}

/** One connection to a hostile camera. */
interface Visit {
  /** Sends; waits while the socket's buffer is full. @returns whether the connection still stands */
  send(bytes: string | Uint8Array): Promise<boolean>;
  readonly request: {
    readonly method: string;
    readonly uri: string;
    readonly sequence: string;
    readonly authorization: string | undefined;
  };
  reply(status: string, headers?: readonly string[], body?: string): Promise<boolean>;
}

/** What a camera does with a request; false: it leaves it to the honest answer. */
export type Misbehaviour = (visit: Visit) => Promise<boolean> | boolean;

const H264_SDP = "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1";
/** Of 640×480. */
const SPROP = ";sprop-parameter-sets=Z0IAKeKQFAe2AtwEBAaQeJEV,aM48gA==";
const HEAD = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n";
const sdp = (format: string) => `${HEAD}m=video 0 RTP/AVP 96\r\n${format}\r\na=control:t\r\n`;

/** Starts a camera that answers as honest ones do wherever `misbehave` does not answer, and shows nothing. */
export async function startHostileCamera(
  misbehave: Misbehaviour,
  { port = 0, description = sdp(H264_SDP + SPROP) }: { port?: number; description?: string } = {},
): Promise<HostileCamera> {
  const requests: HeardRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    void serve(socket).finally(() => socket.destroy());
  });

  async function serve(socket: Socket): Promise<void> {
    let held = "";
    try {
      for await (const part of socket) {
        held += String(part);
        while (held.includes("\r\n\r\n")) {
          const end = held.indexOf("\r\n\r\n") + 4;
          const visit = visitOf(socket, held.slice(0, end));
          held = held.slice(end);
          requests.push(visit.request);
          if (!(await misbehave(visit))) await answerHonestly(visit, description);
        }
      }
    } catch {
      // The agent has closed the connection.
    }
  }

  const bound = await listenOnLoopback(server, port);
  return {
    port: bound,
    requests,
    connections: () => connections,
    [Symbol.asyncDispose]: () => close(server, sockets),
  };
}

async function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  server.close();
  for (const socket of sockets) socket.destroy();
  await once(server, "close");
}

function visitOf(socket: Socket, text: string): Visit {
  const header = (name: string) => new RegExp(`^${name}:\\s*(.*)\\r$`, "im").exec(text)?.[1];
  const [method = "", uri = ""] = text.split(" ");
  const sequence = header("CSeq") ?? "0";
  const send = async (bytes: string | Uint8Array) => {
    if (socket.destroyed) return false;
    await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
    return !socket.destroyed;
  };
  return {
    send,
    request: { method, uri, sequence, authorization: header("Authorization") },
    reply(status, headers = [], body = "") {
      const length = body === "" ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
      const lines = [`RTSP/1.0 ${status}`, `CSeq: ${sequence}`, ...headers, ...length];
      return send(`${lines.join("\r\n")}\r\n\r\n${body}`);
    },
  };
}

async function answerHonestly({ request, reply }: Visit, description: string): Promise<void> {
  const transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1";
  if (request.method === "OPTIONS")
    await reply("200 OK", ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"]);
  else if (request.method === "DESCRIBE")
    await reply("200 OK", ["Content-Type: application/sdp"], description);
  else if (request.method === "SETUP") await reply("200 OK", ["Session: 1", transport]);
  else await reply("200 OK", ["Session: 1"]);
}

/** Does it in answer to one method only. */
export function on(method: string, misbehave: Misbehaviour): Misbehaviour {
  return (visit) => visit.request.method === method && misbehave(visit);
}

/** Sends this again and again, until the agent has enough. */
async function flood(visit: Visit, bytes: string | Uint8Array | (() => Uint8Array)): Promise<true> {
  while (await visit.send(typeof bytes === "function" ? bytes() : bytes));
  return true;
}

const start = ({ request }: Visit, ...headers: string[]) =>
  ["RTSP/1.0 200 OK", `CSeq: ${request.sequence}`, ...headers, ""].join("\r\n");

/** Header lines without end. */
export const endlessHeaders: Misbehaviour = async (visit) => {
  await visit.send(start(visit));
  return flood(visit, `X-A: ${"a".repeat(1000)}\r\n`.repeat(60));
};

/** One header line without end. */
export const endlessHeader: Misbehaviour = async (visit) => {
  await visit.send(`${start(visit)}X: `);
  return flood(visit, "a".repeat(65_536));
};

/** A description of 2 GB. */
export const endlessDescription: Misbehaviour = async (visit) => {
  const headers = ["Content-Type: application/sdp", "Content-Length: 2000000000"];
  await visit.send(`${start(visit, ...headers)}\r\nv=0\r\n`);
  return flood(visit, `a=x:${"a".repeat(60_000)}\r\n`);
};

/** A description of this many streams. */
export function manyStreams(count: number): Misbehaviour {
  const media = (index: number) =>
    `m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t${index}\r\n`;
  const description = HEAD + Array.from({ length: count }, (_, index) => media(index)).join("");
  return ({ reply }) => reply("200 OK", ["Content-Type: application/sdp"], description).then(() => true);
}

/** Replies that nobody has asked for, in front of none that was. */
export const endlessStrayReplies: Misbehaviour = (visit) =>
  flood(visit, "RTSP/1.0 200 OK\r\nCSeq: 99999\r\n\r\n".repeat(1_000));

export function redirect(location: string): Misbehaviour {
  return ({ reply }) => reply("302 Found", [`Location: ${location}`]).then(() => true);
}

/** Plays without a frame, and asks its client to go elsewhere (RFC 2326, 10.10). */
export function askRedirect(location: string): Misbehaviour {
  return async (visit) => {
    await visit.reply("200 OK", ["Session: 1"]);
    await visit.send(`REDIRECT * RTSP/1.0\r\nCSeq: 1\r\nLocation: ${location}\r\n\r\n`);
    return silence(visit);
  };
}

/** Control and direction characters in everything that might be shown. */
export const escapes: Misbehaviour = async ({ reply }) => {
  const description = `v=0\r\ns=\x1b]0;pwn\x07\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 \x1b[31mEVIL\u009b31m\u202e/90000\r\na=control:t\r\n`;
  return reply(
    "404 \x1b]0;pwn\x07 \u009b31m\u202e <script>Not Found",
    ["Content-Type: application/sdp"],
    description,
  );
};

export const silence: Misbehaviour = () => delay(1_000_000, true, { ref: false });

/** Asks for user and password in clear. */
export const askBasic: Misbehaviour = ({ request, reply }) =>
  request.authorization === undefined &&
  reply("401 Unauthorized", ['WWW-Authenticate: Basic realm="x"']).then(() => true);

/** Asks for user and password by Digest, and accepts any answer. */
export const askDigest: Misbehaviour = ({ request, reply }) =>
  request.authorization === undefined &&
  reply("401 Unauthorized", ['WWW-Authenticate: Digest realm="x", nonce="y"']).then(() => true);

/** Sends random bytes as RTP packets of the largest size. */
export const junkPackets: Misbehaviour = async (visit) => {
  await visit.reply("200 OK", ["Session: 1"]);
  return flood(visit, () => Buffer.concat([Buffer.from([0x24, 0, 0xff, 0xff]), randomBytes(65_535)]));
};

/** Sends fragments (FU-A) of a unit that never ends. */
export const endlessFragments: Misbehaviour = async (visit) => {
  await visit.reply("200 OK", ["Session: 1"]);
  const packets = rtpPackets();
  const body = Buffer.alloc(60_000, 0xff);
  await visit.send(packets(Buffer.concat([Buffer.from([0x7c, 0x85]), body]), 0));
  return flood(visit, () => packets(Buffer.concat([Buffer.from([0x7c, 0x05]), body]), 0));
};

/** Plays these H.264 files (MP4) one behind the other, a frame each tenth of a second, and then stays silent. */
export function play(...files: readonly string[]): Misbehaviour {
  return playUnits(files.flatMap(unitsOf));
}

/** Of 640×480, with another id than that of a clip. */
const OTHER_SPS = Buffer.from("Z0IAKVikBQHtgLcBAQGkHiRFQA==", "base64");

/** Plays this H.264 file as if its frames had 640×480: the last sequence parameter set is one that no frame refers to. */
export function playWithFalseSize(file: string): Misbehaviour {
  const isSequenceSet = ([head = 0]: Buffer) => (head & 31) === 7;
  return playUnits(unitsOf(file).flatMap((unit) => (isSequenceSet(unit) ? [unit, OTHER_SPS] : [unit])));
}

function playUnits(units: readonly Buffer[]): Misbehaviour {
  return async (visit) => {
    await visit.reply("200 OK", ["Session: 1"]);
    const packets = rtpPackets();
    let frame = 0;
    for (const unit of units) {
      for (const payload of payloadsOf(unit)) {
        if (!(await visit.send(packets(payload, frame * 9_000)))) return true;
      }
      const isFrame = [1, 5].includes((unit[0] ?? 0) & 31);
      if (!isFrame) continue;
      frame++;
      await delay(100);
    }
    return silence(visit);
  };
}

/** A description of an H.264 stream that does not tell its size. */
export const SIZELESS = sdp(H264_SDP);

/** RTP packets in their frames for TCP (RFC 2326, 10.12), numbered. */
function rtpPackets(): (payload: Uint8Array, time: number) => Buffer {
  let sequence = 0;
  return (payload, time) => {
    const header = Buffer.alloc(16);
    header.set([0x24, 0, 0, 0, 0x80, 96]);
    header.writeUInt16BE(payload.length + 12, 2);
    header.writeUInt16BE(sequence++ & 0xffff, 6);
    header.writeUInt32BE(time, 8);
    return Buffer.concat([header, payload]);
  };
}

const FRAGMENT_BYTES = 60_000;

/** A unit as it is, or in fragments (RFC 6184, 5.8). */
function payloadsOf(unit: Buffer): readonly Buffer[] {
  if (unit.length <= FRAGMENT_BYTES) return [unit];
  const [head = 0] = unit;
  const count = Math.ceil((unit.length - 1) / FRAGMENT_BYTES);
  return Array.from({ length: count }, (_, index) => {
    const edge = (index === 0 ? 0x80 : 0) | (index === count - 1 ? 0x40 : 0);
    const body = unit.subarray(1 + index * FRAGMENT_BYTES, 1 + (index + 1) * FRAGMENT_BYTES);
    return Buffer.concat([Buffer.from([(head & 0xe0) | 28, edge | (head & 31)]), body]);
  });
}

function unitsOf(file: string): readonly Buffer[] {
  const words = [
    "-v",
    "error",
    "-i",
    file,
    "-c:v",
    "copy",
    "-bsf:v",
    "h264_mp4toannexb",
    "-f",
    "h264",
    "pipe:1",
  ];
  const bytes = execFileSync("ffmpeg", words, { maxBuffer: 100e6 });
  const units: Buffer[] = [];
  let begin = -1;
  for (let at = bytes.indexOf("\0\0\x01"); at >= 0; at = bytes.indexOf("\0\0\x01", at + 3)) {
    if (begin >= 0) units.push(bytes.subarray(begin, bytes[at - 1] === 0 ? at - 1 : at));
    begin = at + 3;
  }
  return [...units, bytes.subarray(begin)];
}
