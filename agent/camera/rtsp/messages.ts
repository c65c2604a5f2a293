/** A camera's reply to one request. */
export interface RtspReply {
  readonly status: number;
  readonly reason: string;
  /** By lower-case name. A header may occur several times. */
  readonly headers: RtspHeaders;
  readonly body: string;
}

/** A request that a camera sends to its client, such as REDIRECT (RFC 2326, 10.10). */
export interface CameraRequest {
  readonly method: string;
  readonly headers: RtspHeaders;
}

export type RtspHeaders = ReadonlyMap<string, readonly string[]>;

/** The camera violates the protocol or exceeds a limit. */
export class RtspProtocolError extends Error {
  /** How the user can fix the problem, one sentence. */
  readonly remedy: string;

  constructor(
    message: string,
    remedy = "Check that address and port belong to the camera's RTSP server. If they do, restart the camera.",
  ) {
    super(message);
    this.remedy = remedy;
  }
}

/** The server of an rtsp:// address speaks TLS. */
export function tlsExpectedError(): RtspProtocolError {
  return new RtspProtocolError(
    "the server at this address expects TLS",
    "Write rtsps:// instead of rtsp://, or use the camera's port for unencrypted RTSP.",
  );
}

export interface MessageHandlers {
  /** @param payload a view of the received bytes, valid during the call only */
  readonly onFrame: (channel: number, payload: Buffer) => void;
  readonly onReply: (reply: RtspReply) => void;
  readonly onRequest: (request: CameraRequest) => void;
}

/** Real cameras send less than a tenth of this. */
const MOST_HEADER_BYTES = 16_384;
const MOST_BODY_BYTES = 262_144;
const DOLLAR = 0x24;
const LINE_FEED = 0x0a;
const TLS_ALERT = 0x15;
/** Of an interleaved frame: a dollar sign, the channel, and the length in two bytes. */
const FRAME_HEADER_BYTES = 4;

/**
 * Splits a connection's bytes into replies, requests and interleaved frames (RFC 2326, 10.12). Accepts frames also between
 * the lines of a header and before a body, since some cameras send them from another thread.
 * @returns a function that takes the bytes that it has not consumed yet, and returns the number of bytes that it consumes.
 * It throws RtspProtocolError.
 */
export function messageParser({ onFrame, onReply, onRequest }: MessageHandlers): (bytes: Buffer) => number {
  let lines: string[] = [];
  let headerBytes = 0;
  let message: Message | undefined;
  /** Whether a whole message has arrived: the server speaks RTSP. */
  let hasSpoken = false;

  function deliver({ start, headers }: Message, body: string): void {
    hasSpoken = true;
    const reply = /^RTSP\/\d\.\d (\d{3})(?: (.*))?$/.exec(start);
    if (reply === null) onRequest({ method: start.slice(0, start.indexOf(" ")), headers });
    else onReply({ status: Number(reply[1]), reason: reply[2] ?? "", headers, body });
  }

  /** Takes a line of a header. */
  function take(line: string): void {
    if (line !== "") {
      if (lines.length === 0) requireRtsp(line, hasSpoken);
      lines.push(line);
      return;
    }
    // Some servers send line breaks between messages (RFC 2326, 4).
    if (lines.length === 0) return;
    message = readHeader(lines);
    lines = [];
    headerBytes = 0;
  }

  return (bytes) => {
    let at = 0;
    while (at < bytes.length || message?.bodyBytes === 0) {
      // A message without a body does not wait for the rest of the frame that follows it.
      if (message?.bodyBytes !== 0 && bytes[at] === DOLLAR) {
        const end = at + FRAME_HEADER_BYTES + (bytes.length < at + 4 ? 0 : bytes.readUInt16BE(at + 2));
        if (bytes.length < at + FRAME_HEADER_BYTES || bytes.length < end) break;
        onFrame(bytes[at + 1] ?? 0, bytes.subarray(at + FRAME_HEADER_BYTES, end));
        at = end;
        continue;
      }
      if (message !== undefined) {
        const complete = message;
        const end = at + complete.bodyBytes;
        if (bytes.length < end) break;
        message = undefined;
        deliver(complete, bytes.toString("utf8", at, end));
        at = end;
        continue;
      }
      if (lines.length === 0) requireText(bytes[at] ?? 0, hasSpoken);
      const lineFeed = bytes.indexOf(LINE_FEED, at);
      const end = lineFeed < 0 ? bytes.length : lineFeed + 1;
      if (headerBytes + end - at > MOST_HEADER_BYTES) {
        throw new RtspProtocolError(
          `the camera's answer has a header of more than ${MOST_HEADER_BYTES / 1024} kB`,
        );
      }
      if (lineFeed < 0) break;
      headerBytes += end - at;
      take(bytes.toString("utf8", at, lineFeed).replace(/\r$/, ""));
      at = end;
    }
    return at;
  };
}

interface Message {
  readonly start: string;
  readonly headers: RtspHeaders;
  readonly bodyBytes: number;
}

function readHeader([start = "", ...lines]: readonly string[]): Message {
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    const values = headers.get(name) ?? [];
    values.push(line.slice(colon + 1).trim());
    headers.set(name, values);
  }
  const bodyBytes = Number(headers.get("content-length")?.[0] ?? 0);
  if (!Number.isInteger(bodyBytes) || bodyBytes < 0 || bodyBytes > MOST_BODY_BYTES) {
    throw new RtspProtocolError(
      `the camera announces a description of more than ${MOST_BODY_BYTES / 1024} kB`,
    );
  }
  return { start, headers, bodyBytes };
}

/** Fails at the first byte where the server sends no line of text. */
function requireText(byte: number, hasSpoken: boolean): void {
  const isText = (byte >= 0x20 && byte < 0x7f) || byte === LINE_FEED || byte === 0x0d;
  if (isText) return;
  throw byte === TLS_ALERT && !hasSpoken ? tlsExpectedError() : alienError(hasSpoken);
}

/** @param hasSpoken whether the server has sent RTSP before */
function alienError(hasSpoken: boolean): RtspProtocolError {
  if (!hasSpoken) return new RtspProtocolError("the server at this address does not speak RTSP");
  return new RtspProtocolError(
    "the camera sends other data between its messages and packets",
    "Set `transport: udp` for this camera: its packets then have a connection of their own. Otherwise restart it or update its firmware.",
  );
}

function requireRtsp(start: string, hasSpoken: boolean): void {
  if (/^RTSP\/\d\.\d \d{3}(?: |$)|^[A-Z_]{1,30} .*RTSP\/\d\.\d$/.test(start)) return;
  if (/^HTTP\/\d/.test(start)) {
    throw new RtspProtocolError(
      "the server at this address is a web server and does not speak RTSP",
      "Use the port of the camera's RTSP server, usually 554.",
    );
  }
  throw alienError(hasSpoken);
}
