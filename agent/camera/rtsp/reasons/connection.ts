import { errorCode } from "../../../base/error-code.ts";
import { ConfigError, TransientError } from "../../../base/errors.ts";
import { plainText } from "../../../base/plain-text.ts";
import { hasUsualPort, type RtspAddress } from "../address.ts";
import { isClosed } from "../connection.ts";
import { RtspProtocolError } from "../protocol-errors.ts";
import { errorOf, LONGEST_DETAIL, type Reason } from "./reason.ts";

const NO_TLS: Reason = {
  kind: "config",
  what: "the server at this address does not speak TLS",
  remedy: "Write rtsp:// instead of rtsps://, or use the camera's port for RTSP over TLS.",
};
/** Not `config`: a camera that is starting may do the same. */
const TLS_NOT_ANSWERED: Reason = { ...NO_TLS, kind: "transient" };
const TLS_FAILED: Reason = {
  kind: "config",
  what: "the camera's TLS is not supported",
  remedy: "Update the camera's firmware, or write rtsp:// instead of rtsps://.",
};
const CERTIFICATE_WANTED: Reason = {
  kind: "config",
  what: "the camera asks for a certificate of its client, and the agent has none",
  remedy: "Switch this off in the camera, or write rtsp:// instead of rtsps://.",
};
const UNREACHABLE: Reason = {
  kind: "transient",
  what: "the camera cannot be reached",
  remedy: "Check that it is switched on and in this network, and that address and port are right.",
};
const REFUSED: Reason = {
  kind: "transient",
  what: "the camera cannot be reached: nothing listens at this port",
  remedy: "Check the port, and that RTSP is switched on in the camera's settings.",
};
const UNKNOWN_NAME: Reason = {
  kind: "transient",
  what: "the camera's host name cannot be resolved",
  remedy: "Check the name in the address and this machine's DNS.",
};

/** By the code of a network error. */
const BY_CODE: readonly (readonly [pattern: RegExp, Reason])[] = [
  [/^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNEXPECTED_MESSAGE)$|^EPROTO$/, NO_TLS],
  [/^ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED$/, CERTIFICATE_WANTED],
  [/^ERR_(SSL|TLS)_/, TLS_FAILED],
  [/^(ENOTFOUND|EAI_\w+)$/, UNKNOWN_NAME],
  [/^ECONNREFUSED$/, REFUSED],
  [/^E[A-Z]+$/, UNREACHABLE],
];

const CLOSED: Reason = {
  kind: "transient",
  what: "the camera closes the connection without an answer",
  remedy: "Check that the camera has started, and that other clients do not use all its connections.",
};
const CLOSED_BEFORE_VIDEO: Reason = {
  kind: "transient",
  what: "the camera closes the connection before it sends video",
  remedy: "Check that other clients do not use all its connections. If they do not, restart the camera.",
};
const CLOSED_WHILE_PLAYING: Reason = {
  kind: "transient",
  what: "the camera has closed the connection",
  remedy: "Check the camera and the network. The agent reopens the stream automatically.",
};

const CLOSED_IN: Readonly<Record<Phase, Reason>> = {
  open: CLOSED,
  start: CLOSED_BEFORE_VIDEO,
  play: CLOSED_WHILE_PLAYING,
};

/** `open`: until the reply to PLAY; `start`: until the first packet; `play`: after it. */
type Phase = "open" | "start" | "play";

/** `rtsp://admin:1234`: the host may have been forgotten. */
function unknownName(at: RtspAddress | undefined): Reason {
  const isLogin = at !== undefined && at.login === undefined && !at.host.includes(".") && !hasUsualPort(at);
  if (!isLogin) return UNKNOWN_NAME;
  const host = plainText(at.host, LONGEST_DETAIL);
  return {
    ...UNKNOWN_NAME,
    remedy: `Check the name in the address. If \`${host}\` is the user and ${at.port} the password, the host is missing: rtsp://USER:PASSWORD@HOST/PATH.`,
  };
}

/**
 * @param at the camera's address
 * @returns the error itself if neither the network nor the camera caused it
 */
export function connectionError(camera: string, error: unknown, phase: Phase, at?: RtspAddress): Error {
  if (!(error instanceof Error)) return new TypeError(String(error));
  if (error instanceof ConfigError || error instanceof TransientError) return error;
  if (error instanceof RtspProtocolError) {
    // The data that a camera sends while it plays may be damaged once.
    const kind = phase === "open" ? "config" : "transient";
    return errorOf(camera, { kind, what: error.message, remedy: error.remedy });
  }
  if (/before secure TLS connection/.test(error.message)) return errorOf(camera, TLS_NOT_ANSWERED);
  const code = errorCode(error) ?? "";
  if (isClosed(error)) return errorOf(camera, CLOSED_IN[phase]);
  const known = BY_CODE.find(([pattern]) => pattern.test(code))?.[1];
  const reason = known === UNKNOWN_NAME ? unknownName(at) : known;
  // An error without a code is a bug, not a network failure.
  if (reason === undefined) return error;
  // OpenSSL's messages contain addresses in memory and file names; its reason is plain.
  const words = "reason" in error ? String(error.reason) : error.message;
  return errorOf(camera, reason, `network: ${words}`, error);
}

/**
 * @param seconds undefined: aborted by the caller
 * @param isSecure whether the address asks for TLS, to which a server without TLS may not answer
 */
export function noAnswerError(camera: string, seconds: number | undefined, isSecure: boolean): Error {
  return errorOf(camera, {
    kind: "transient",
    what: `the camera does not answer${seconds === undefined ? "" : ` within ${seconds} s`}`,
    remedy: isSecure
      ? "Check that it is switched on, that address and port are right, and that it speaks TLS (rtsps) at this port."
      : "Check that it is switched on, and that address and port are right.",
  });
}

/** The camera answers DESCRIBE, but no later request: its address is right. */
export function stalledError(camera: string, seconds: number): Error {
  return errorOf(camera, {
    kind: "transient",
    what: `the camera describes its stream, but does not start it within ${seconds} s`,
    remedy: "Restart the camera. If that does not help, use another of its streams, or update its firmware.",
  });
}
