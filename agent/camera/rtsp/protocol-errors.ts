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

const TLS_ALERT = 0x15;

/** Fails at the first byte where the server sends no line of text. @param hasSpoken whether it has sent RTSP before */
export function requireText(byte: number, hasSpoken: boolean): void {
  const isText = (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d;
  if (isText) return;
  throw byte === TLS_ALERT && !hasSpoken ? tlsExpectedError() : alienError(hasSpoken);
}

/** The camera sends other data where a message or a frame should begin. */
export function foreignDataError(): RtspProtocolError {
  return new RtspProtocolError(
    "the camera sends other data between its messages and packets",
    "Set `transport: udp` for this camera: its packets then have a connection of their own. Otherwise restart it or update its firmware.",
  );
}

function alienError(hasSpoken: boolean): RtspProtocolError {
  return hasSpoken
    ? foreignDataError()
    : new RtspProtocolError("the server at this address does not speak RTSP");
}

/**
 * Fails as soon as a line cannot be the first one of a message.
 * @param start the line, without its end @param isWhole whether all of it has arrived
 */
export function requireStart(start: string, isWhole: boolean, hasSpoken: boolean): void {
  if (start === "" || (isWhole ? WHOLE_START : PART_OF_START).test(start)) return;
  if (!WEB.test(start)) throw alienError(hasSpoken);
  throw new RtspProtocolError(
    "the server at this address is a web server and does not speak RTSP",
    "Use the port of the camera's RTSP server, usually 554.",
  );
}

/** A reply, or a request of the camera. */
const WHOLE_START = /^RTSP\/\d\.\d \d{3}(?: |$)|^[A-Z_]{1,30} .*RTSP\/\d\.\d$/;
const PART_OF_START = /^RTSP\/|^[A-Z_]{1,30}(?: |$)/;
/** A reply of HTTP, or a page without one (HTTP/0.9). */
const WEB = /^HTTP\/|^\s*</;
