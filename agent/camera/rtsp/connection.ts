import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { RtspAddress } from "./address.ts";

/** A camera's reply to one request. */
export interface RtspReply {
  readonly status: number;
  readonly reason: string;
  /** By lower-case name. A header may occur several times. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
}

/** The camera violates the protocol or exceeds a limit. */
export class RtspProtocolError extends Error {}

/** The camera closed the connection without an answer. */
export class ConnectionClosed extends Error {}

/** A connection to a camera for requests and replies (RTSP 1.0, RFC 2326). Leaving the scope closes it. */
export interface RtspConnection extends Disposable {
  /** @throws RtspProtocolError, ConnectionClosed, or the socket's error */
  request(method: string, uri: string, headers: Readonly<Record<string, string>>): Promise<RtspReply>;
}

/** Used by the agent and by ffmpeg, so that a camera cannot distinguish them. */
export const USER_AGENT = "Sabrewing";

/** Real cameras send less than a tenth of this. */
const MOST_HEADER_BYTES = 16_384;
const MOST_BODY_BYTES = 262_144;
/** Ignored while waiting for a reply: replies to other requests, and requests from the camera. */
const MOST_STRAY_MESSAGES = 8;
const END_OF_HEADER = /\r?\n\r?\n/;

/** Connects to a camera. Certificates are not checked: cameras use self-signed ones. */
export async function connectCamera(address: RtspAddress, signal: AbortSignal): Promise<RtspConnection> {
  const { scheme, host, port } = address;
  const socket =
    scheme === "rtsps" ? connectTls({ host, port, rejectUnauthorized: false }) : connect({ host, port });
  // Errors also reject the pending operation: the connect or the next read.
  socket.on("error", () => {});
  const abort = () => socket.destroy();
  signal.addEventListener("abort", abort, { once: true });
  socket.once("close", () => signal.removeEventListener("abort", abort));
  if (signal.aborted) abort();
  await once(socket, scheme === "rtsps" ? "secureConnect" : "connect", { signal });
  socket.setNoDelay();
  return rtspConnection(socket);
}

function rtspConnection(socket: Socket): RtspConnection {
  const input = boundedInput(socket);
  let sequence = 0;

  return {
    async request(method, uri, headers) {
      sequence++;
      const fields = Object.entries({ CSeq: String(sequence), "User-Agent": USER_AGENT, ...headers });
      const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`${method} ${uri} RTSP/1.0\r\n${lines.join("")}\r\n`);
      for (let stray = 0; stray <= MOST_STRAY_MESSAGES; stray++) {
        const reply = await readReply(input);
        const answered = reply?.headers.get("cseq")?.[0];
        // Some cameras omit CSeq.
        if (reply !== undefined && (answered === undefined || Number(answered) === sequence)) return reply;
      }
      throw new RtspProtocolError(`the camera sends other messages instead of an answer to ${method}`);
    },
    [Symbol.dispose]() {
      socket.destroy();
    },
  };
}

/** @returns undefined for a request from the camera */
async function readReply(input: BoundedInput): Promise<RtspReply | undefined> {
  const header = await input.header();
  const [start = "", ...lines] = header.split(/\r?\n/);
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    const values = headers.get(name) ?? [];
    values.push(line.slice(colon + 1).trim());
    headers.set(name, values);
  }
  const length = Number(headers.get("content-length")?.[0] ?? 0);
  if (!Number.isInteger(length) || length < 0 || length > MOST_BODY_BYTES) {
    throw new RtspProtocolError(
      `the camera announces a description of more than ${MOST_BODY_BYTES / 1024} kB`,
    );
  }
  const body = (await input.bytes(length)).toString("utf8");
  const [, status, reason = ""] = /^RTSP\/\d\.\d (\d{3})(?: (.*))?$/.exec(start) ?? [];
  if (status !== undefined) return { status: Number(status), reason, headers, body };
  if (/ RTSP\/\d\.\d$/.test(start)) return undefined;
  throw new RtspProtocolError("the server at this address does not speak RTSP");
}

interface BoundedInput {
  /** Up to the next empty line, without it. */
  header(): Promise<string>;
  bytes(length: number): Promise<Buffer>;
}

/** Reads from a socket only as much as requested, up to the limit for a header or body. */
function boundedInput(socket: Socket): BoundedInput {
  const parts: AsyncIterator<Buffer> = socket[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  const next = async (): Promise<Buffer> => {
    const { value, done } = await parts.next();
    if (done === true) throw new ConnectionClosed();
    return value;
  };
  const take = (length: number) => {
    const taken = held.subarray(0, length);
    held = held.subarray(length);
    return taken;
  };

  return {
    async header() {
      while (true) {
        const start = held.subarray(0, MOST_HEADER_BYTES).toString("latin1");
        const end = END_OF_HEADER.exec(start);
        if (end !== null) {
          const header = take(end.index).toString("utf8");
          take(end[0].length);
          return header;
        }
        if (held.length >= MOST_HEADER_BYTES) {
          throw new RtspProtocolError(
            `the camera's answer has a header of more than ${MOST_HEADER_BYTES / 1024} kB`,
          );
        }
        held = Buffer.concat([held, await next()]);
      }
    },
    async bytes(length) {
      // Joins the parts once at the end: a camera may send single bytes.
      const received = [held];
      for (let count = held.length; count < length; ) {
        const part = await next();
        received.push(part);
        count += part.length;
      }
      held = Buffer.concat(received);
      return take(length);
    },
  };
}
