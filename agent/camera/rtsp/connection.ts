import { once } from "node:events";
import { connect, type OnReadOpts, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { errorCode } from "../../base/error-code.ts";
import type { RtspAddress } from "./address.ts";
import { type CameraRequest, messageParser, type RtspReply } from "./messages.ts";
import { RtspProtocolError } from "./protocol-errors.ts";

/** The camera closed the connection. */
export class ConnectionClosed extends Error {}

/** Whether an error means that the camera closed the connection, orderly or not. */
export function isClosed(error: unknown): boolean {
  const code = errorCode(error);
  return error instanceof ConnectionClosed || code === "ECONNRESET" || code === "EPIPE";
}

/**
 * A connection to a camera for requests, replies and interleaved frames (RTSP 1.0, RFC 2326). Leaving the scope closes it.
 */
export interface RtspConnection extends Disposable {
  /** IP addresses of both ends. */
  readonly localAddress: string;
  readonly remoteAddress: string;
  /**
   * @param signal aborted: the reply is no longer expected
   * @throws RtspProtocolError, ConnectionClosed, the socket's error, or the signal's reason
   */
  request(
    method: string,
    uri: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<RtspReply>;
  /** Sends an interleaved frame, unless the camera does not read. */
  sendFrame(channel: number, payload: Uint8Array): void;
  /**
   * Sets the only receiver of interleaved frames; until then, frames are dropped. A payload is valid during the call only.
   * @param lose frames may be missing before the next one: the camera's data was damaged
   */
  onFrame(receive: (channel: number, payload: Buffer) => void, lose?: () => void): void;
  /** Sets the only receiver of the camera's requests. They are answered in any case. */
  onRequest(receive: (request: CameraRequest) => void): void;
  /** Resolves with the reason when the connection ends. */
  readonly ended: Promise<Error>;
}

/** The User-Agent header of all requests (RFC 2326, 12.41). */
export const USER_AGENT = "Sabrewing";

/** Ignored between two replies: replies to other requests, and requests from the camera. */
const MOST_STRAY_MESSAGES = 64;
/** Frames to the camera are dropped while more than this waits to be sent. */
const MOST_WAITING_BYTES = 65_536;
/** Requests of a camera that need only the answer `200 OK`. */
const ANSWERED_REQUESTS: ReadonlySet<string> = new Set([
  ...["OPTIONS", "GET_PARAMETER", "SET_PARAMETER", "ANNOUNCE", "REDIRECT"],
]);

/**
 * Connects to a camera. Certificates are not checked: cameras use self-signed ones.
 * @param signal aborted: the connection is not made
 */
export async function connectCamera(address: RtspAddress, signal: AbortSignal): Promise<RtspConnection> {
  const { scheme, host, port } = address;
  let receive = (_: Buffer): number => 0;
  let fail = (_: unknown): void => {};
  const onread = readInto(
    (bytes) => receive(bytes),
    (error) => fail(error),
    () => socket.resume(),
  );
  // Node's types lack `onread` for TLS.
  const secure = { host, port, rejectUnauthorized: false, onread };
  const isSecure = scheme === "rtsps";
  const socket = isSecure ? connectTls(secure) : connect({ host, port, onread });
  // Errors also reject the pending operation.
  socket.on("error", () => {});
  try {
    await once(socket, isSecure ? "secureConnect" : "connect", { signal });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  socket.setNoDelay();
  const connection = rtspConnection(socket);
  receive = connection.receive;
  fail = connection.fail;
  return connection;
}

/** In the local network, a handshake takes a tenth of this. A server without TLS may wait for ever. */
const HANDSHAKE_WITHIN_MS = 2_000;

/** Whether a server accepts a TLS connection. Nothing is sent over it. */
export async function acceptsTls({ host, port }: RtspAddress, signal: AbortSignal): Promise<boolean> {
  const socket = connectTls({ host, port, rejectUnauthorized: false });
  socket.on("error", () => {});
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(HANDSHAKE_WITHIN_MS)]);
    await once(socket, "secureConnect", { signal: limit });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const BUFFER_BYTES = 262_144;
const LEAST_READ_BYTES = 16_384;
/** At most this much is read in one turn (400 Mbit/s): a camera that floods the agent must not take its CPU time. */
const MOST_BYTES_PER_TURN = 2 ** 20;
const TURN_MS = 20;

/**
 * Reads a socket into one buffer, again and again: a camera that floods the agent fills no memory. Node passes the data to
 * this callback instead of the socket's stream.
 * @param receive takes the bytes that are not consumed yet, valid during the call only, and returns how many it consumes
 * @param fail takes what `receive` throws; nothing is read afterwards
 * @param resume continues to read the socket
 */
function readInto(
  receive: (bytes: Buffer) => number,
  fail: (error: unknown) => void,
  resume: () => void,
): OnReadOpts {
  let buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  let start = 0;
  let end = 0;
  let bytesInTurn = 0;
  const startTurn = () => {
    setTimeout(() => {
      if (bytesInTurn > MOST_BYTES_PER_TURN) resume();
      bytesInTurn = 0;
    }, TURN_MS);
  };
  return {
    buffer() {
      if (buffer.length - end < LEAST_READ_BYTES) {
        const bytes = end - start;
        // A description may be larger than the buffer.
        const next = bytes < BUFFER_BYTES / 2 ? buffer : Buffer.allocUnsafeSlow(bytes + BUFFER_BYTES);
        buffer.copy(next, 0, start, end);
        [buffer, start, end] = [next, 0, bytes];
      }
      return buffer.subarray(end);
    },
    callback(count) {
      if (bytesInTurn === 0) startTurn();
      bytesInTurn += count;
      end += count;
      try {
        start += receive(buffer.subarray(start, end));
        return bytesInTurn <= MOST_BYTES_PER_TURN;
      } catch (error) {
        fail(error);
        return false;
      }
    },
  };
}

interface Waiting {
  resolve(reply: RtspReply): void;
  reject(error: unknown): void;
  readonly method: string;
}

function rtspConnection(socket: Socket) {
  const { localAddress = "", remoteAddress = "" } = socket;
  /** By CSeq, oldest first. */
  const waiting = new Map<number, Waiting>();
  const ended = Promise.withResolvers<Error>();
  let sequence = 0;
  let strays = 0;
  let failure: unknown;
  let receiveFrame: (channel: number, payload: Buffer) => void = () => {};
  let loseFrames = (): void => {};
  let receiveRequest: (request: CameraRequest) => void = () => {};

  function fail(error: unknown): void {
    failure ??= error;
    socket.destroy();
  }

  socket.on("error", (error) => {
    failure ??= error;
  });
  socket.on("close", () => {
    failure ??= new ConnectionClosed("the camera has closed the connection");
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
    ended.resolve(failure instanceof Error ? failure : new TypeError(String(failure)));
  });

  function countStray(): void {
    strays++;
    if (strays <= MOST_STRAY_MESSAGES) return;
    const [oldest] = waiting.values();
    const instead = oldest === undefined ? "frames" : `an answer to ${oldest.method}`;
    throw new RtspProtocolError(`the camera sends other messages instead of ${instead}`);
  }

  const receive = messageParser({
    onFrame: (channel, payload) => receiveFrame(channel, payload),
    onDamage: () => loseFrames(),
    onReply(reply) {
      // The camera is still working on the request (RFC 2326, 11: 100 Continue).
      if (reply.status < 200) return countStray();
      const answered = reply.headers.get("cseq")?.[0];
      // Some cameras omit CSeq.
      const key = answered === undefined ? [...waiting.keys()][0] : Number(answered);
      const request = key === undefined ? undefined : waiting.get(key);
      if (key === undefined || request === undefined) return countStray();
      strays = 0;
      waiting.delete(key);
      request.resolve(reply);
    },
    onRequest(request) {
      countStray();
      const known = ANSWERED_REQUESTS.has(request.method);
      const number = Number(request.headers.get("cseq")?.[0] ?? 0) || 0;
      socket.write(`RTSP/1.0 ${known ? "200 OK" : "501 Not Implemented"}\r\nCSeq: ${number}\r\n\r\n`);
      receiveRequest(request);
    },
  });

  return {
    localAddress,
    remoteAddress,
    receive,
    fail,
    ended: ended.promise,
    request(
      method: string,
      uri: string,
      headers: Readonly<Record<string, string>>,
      signal: AbortSignal,
    ): Promise<RtspReply> {
      const { promise, resolve, reject } = Promise.withResolvers<RtspReply>();
      const key = ++sequence;
      if (failure !== undefined) reject(failure);
      else if (signal.aborted) reject(signal.reason);
      else {
        const fields = Object.entries({ CSeq: String(key), "User-Agent": USER_AGENT, ...headers });
        const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`);
        waiting.set(key, { resolve, reject, method });
        socket.write(`${method} ${uri} RTSP/1.0\r\n${lines.join("")}\r\n`);
      }
      const abort = () => {
        waiting.delete(key);
        reject(signal.reason);
      };
      signal.addEventListener("abort", abort, { once: true });
      return promise.finally(() => signal.removeEventListener("abort", abort));
    },
    sendFrame(channel: number, payload: Uint8Array): void {
      if (socket.destroyed || socket.writableLength > MOST_WAITING_BYTES) return;
      socket.write(Buffer.concat([frameHeader(channel, payload.length), payload]));
    },
    onFrame(receive: (channel: number, payload: Buffer) => void, lose = () => {}): void {
      receiveFrame = receive;
      loseFrames = lose;
    },
    onRequest(receive: (request: CameraRequest) => void): void {
      receiveRequest = receive;
    },
    [Symbol.dispose]() {
      socket.destroy();
    },
  };
}

function frameHeader(channel: number, bytes: number): Buffer {
  return Buffer.from([0x24, channel, bytes >> 8, bytes & 255]);
}
