import { DOLLAR, damagedData, FRAME_HEADER_BYTES, frameEnd } from "./damaged-data.ts";
import { RtspProtocolError, requireStart, requireText } from "./protocol-errors.ts";

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

export interface MessageHandlers {
  /** @param payload a view of the received bytes, valid during the call only */
  readonly onFrame: (channel: number, payload: Buffer) => void;
  readonly onReply: (reply: RtspReply) => void;
  readonly onRequest: (request: CameraRequest) => void;
  /** Bytes were skipped: packets may be missing before the next frame. */
  readonly onDamage: () => void;
}

/** Real cameras send less than a tenth of this. */
const MOST_HEADER_BYTES = 16_384;
const MOST_BODY_BYTES = 262_144;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/**
 * Splits a connection's bytes into replies, requests and interleaved frames (RFC 2326, 10.12). Accepts frames also between
 * the lines of a header and before a body, since some cameras send them from another thread. Once frames have come, it skips
 * damaged data up to the next frame or reply.
 * @returns a function that takes the bytes that it has not consumed yet, and returns the number of bytes that it consumes.
 * It throws RtspProtocolError.
 */
export function messageParser({
  onFrame,
  onReply,
  onRequest,
  onDamage,
}: MessageHandlers): (bytes: Buffer) => number {
  let lines: string[] = [];
  let headerBytes = 0;
  let message: Message | undefined;
  /** Whether a whole message has arrived: the server speaks RTSP. */
  let hasSpoken = false;
  /** Ends the lines of the message that is read. */
  let lineEnd: LineEnd = LINE_FEED;
  const damage = damagedData();

  function deliver({ start, headers }: Message, body: string): void {
    hasSpoken = true;
    const reply = /^RTSP\/\d\.\d (\d{3})(?: (.*))?$/.exec(start);
    if (reply === null) onRequest({ method: start.slice(0, start.indexOf(" ")), headers });
    else onReply({ status: Number(reply[1]), reason: reply[2] ?? "", headers, body });
  }

  /** Takes a line of a header. */
  function take(line: string): void {
    if (line !== "") {
      lines.push(line);
      return;
    }
    headerBytes = 0;
    // Some servers send line breaks between messages (RFC 2326, 4).
    if (lines.length === 0) return;
    message = readHeader(lines);
    lines = [];
  }

  /** Takes a frame. @returns its end; undefined: it is not complete */
  function takeFrame(bytes: Buffer, at: number): number | undefined {
    const end = frameEnd(bytes, at);
    if (end === undefined || end > bytes.length) return undefined;
    const channel = bytes[at + 1] ?? 0;
    const payload = bytes.subarray(at + FRAME_HEADER_BYTES, end);
    damage.frame(channel, payload);
    onFrame(channel, payload);
    return end;
  }

  function skip(bytes: Buffer, at: number): number {
    onDamage();
    return damage.skip(bytes, at);
  }

  /** Takes a line of a header, or a blank line between messages. @returns its end; undefined: it is not complete */
  function takeLine(bytes: Buffer, at: number): number | undefined {
    const isStart = lines.length === 0;
    if (isStart) lineEnd = lineEndOf(bytes, at);
    const found = bytes.indexOf(lineEnd, at);
    const end = found < 0 ? bytes.length : found + 1;
    if (headerBytes + end - at > MOST_HEADER_BYTES) {
      throw new RtspProtocolError(
        `the camera's answer has a header of more than ${MOST_HEADER_BYTES / 1024} kB`,
      );
    }
    const text = bytes.toString("utf8", at, found < 0 ? bytes.length : found);
    if (isStart) requireStart(text.replace(/\r+$/, ""), found >= 0, hasSpoken);
    if (found < 0) return undefined;
    headerBytes += end - at;
    take(text.replace(/^\n|\r+$/, ""));
    return end;
  }

  /** Takes what begins here. @returns its end; undefined: it is not complete */
  function takeNext(bytes: Buffer, at: number): number | undefined {
    // A message without a body does not wait for the rest of the frame that follows it.
    if (message?.bodyBytes !== 0 && bytes[at] === DOLLAR) {
      const isBetween = message === undefined && lines.length === 0;
      if (isBetween && damage.isDamaged(bytes, at)) return skip(bytes, at);
      return takeFrame(bytes, at);
    }
    if (message !== undefined) {
      const complete = message;
      const end = at + complete.bodyBytes;
      if (bytes.length < end) return undefined;
      message = undefined;
      deliver(complete, bytes.toString("utf8", at, end));
      return end;
    }
    try {
      if (lines.length === 0) requireText(bytes[at] ?? 0, hasSpoken);
      return takeLine(bytes, at);
    } catch (error) {
      if (lines.length > 0 || !damage.canSkip()) throw error;
      return skip(bytes, at);
    }
  }

  return (bytes) => {
    let at = 0;
    while (at < bytes.length || message?.bodyBytes === 0) {
      const end = takeNext(bytes, at);
      if (end === undefined) break;
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

type LineEnd = typeof LINE_FEED | typeof CARRIAGE_RETURN;

/** What ends the lines of the message that begins here: CR, LF or both (RFC 2326, 4). */
function lineEndOf(bytes: Buffer, at: number): LineEnd {
  const end = bytes.indexOf(CARRIAGE_RETURN, at);
  const lineFeed = bytes.indexOf(LINE_FEED, at);
  if (end < 0 || (lineFeed >= 0 && lineFeed < end)) return LINE_FEED;
  // Some cameras send CR CR LF. While it has not arrived, the line is not complete.
  const isDouble = bytes[end + 1] === CARRIAGE_RETURN;
  const next = bytes[isDouble ? end + 2 : end + 1];
  return next === undefined || next === LINE_FEED ? LINE_FEED : CARRIAGE_RETURN;
}
