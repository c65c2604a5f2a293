import { ConfigError, TransientError } from "../../base/errors.ts";
import { plainText } from "../../base/plain-text.ts";
import { hasUsualPort, type RtspAddress } from "./address.ts";
import { isClosed } from "./connection.ts";
import type { LoginProblem } from "./login.ts";
import { RtspProtocolError, type RtspReply } from "./messages.ts";

/** Why a stream cannot be opened or has ended. */
interface Reason {
  /** `config`: a person must change something; `transient`: a retry can help. */
  readonly kind: "config" | "transient";
  readonly what: string;
  readonly remedy: string;
}

const KINDS = { config: ConfigError, transient: TransientError };
const LONGEST_DETAIL = 200;

/**
 * Makes an error of a reason.
 * @param detail text of the camera or of the network, added in brackets
 */
function errorOf(camera: string, { kind, what, remedy }: Reason, detail?: string, cause?: unknown): Error {
  const message = `${camera}: ${what}${detail === undefined ? "" : ` (${plainText(detail, LONGEST_DETAIL)})`}`;
  return new KINDS[kind](message, remedy, cause === undefined ? undefined : { cause });
}

const NO_SUCH_STREAM: Reason = {
  kind: "config",
  what: "the camera has no such stream",
  remedy: "Look up the path of the address (everything after the host) in the camera's manual.",
};

const REFUSED_LOGIN: Reason = {
  kind: "config",
  what: "the camera refuses this user name or password",
  remedy: "Check user and password in the address. Many cameras have separate accounts for RTSP.",
};

const UNSUPPORTED_TRANSPORT: Reason = {
  kind: "config",
  what: "the camera does not support this transport",
  remedy:
    "Set `transport: auto` for this camera. If it is set and the address is rtsps://, over which only TCP is tried, use the camera's rtsp:// address. Otherwise update its firmware.",
};

/** By RTSP status (RFC 2326, 11). */
const BY_STATUS: ReadonlyMap<number, Reason> = new Map<number, Reason>([
  [401, REFUSED_LOGIN],
  [404, NO_SUCH_STREAM],
  [
    454,
    {
      kind: "transient",
      what: "the camera has lost the session",
      remedy: "Nothing to do: the agent opens the stream again. If it happens again, restart the camera.",
    },
  ],
  [
    403,
    {
      kind: "config",
      what: "the camera forbids this user name to see the stream",
      remedy: "Give the user the right to see live video in the camera's settings, or use another user.",
    },
  ],
  [
    453,
    {
      kind: "transient",
      what: "the camera serves too many clients already",
      remedy: "Close other programs that show this camera, or use its second stream.",
    },
  ],
  [461, UNSUPPORTED_TRANSPORT],
  [
    503,
    {
      kind: "transient",
      what: "the camera's stream is not available at the moment",
      remedy: "Check that the camera has started and that it does not serve too many clients.",
    },
  ],
]);

const BAD_REQUEST: Reason = {
  kind: "config",
  what: "the camera refuses to show this stream",
  remedy: "Look up the address of its stream in the camera's manual. If it is right, restart the camera.",
};

const SERVER_FAILED: Reason = {
  kind: "transient",
  what: "the camera cannot describe or play its stream",
  remedy: "Check that the camera has started and that other programs can show its stream.",
};

/** The RTSP status with which a camera refuses a request. */
class RtspRefusal extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`RTSP status ${status}`);
    this.status = status;
  }
}

/** Whether a camera has refused a stream because it serves other sessions, perhaps one that has just ended. */
export function isBusyError(error: unknown): boolean {
  const cause = error instanceof TransientError ? error.cause : undefined;
  return cause instanceof RtspRefusal && (cause.status === 453 || cause.status === 503);
}

/** @param reply with a status that is no success and no redirect */
export function refusalError(camera: string, method: string, { status, reason }: RtspReply): Error {
  const isClient = status >= 400 && status < 500;
  const known = BY_STATUS.get(status) ?? (isClient ? BAD_REQUEST : SERVER_FAILED);
  const answered = `camera: ${method} answered ${status} ${plainText(reason, 60)}`.trimEnd();
  return errorOf(camera, known, answered, new RtspRefusal(status));
}

/** @param stated the Transport header of the camera's reply */
export function otherTransportError(camera: string, stated: string): Error {
  return errorOf(camera, UNSUPPORTED_TRANSPORT, `camera: ${stated}`);
}

const BY_LOGIN_PROBLEM: Readonly<Record<LoginProblem, Reason>> = {
  refused: REFUSED_LOGIN,
  missing: {
    kind: "config",
    what: "the camera asks for a user name and a password",
    remedy:
      "Add them to the address: rtsp://user:password@host/path, with special characters percent-encoded.",
  },
  unsupported: {
    kind: "config",
    what: "the camera asks for an unsupported login method: expected Digest with MD5 or SHA-256, or Basic",
    remedy: "Set RTSP authentication to Digest in the camera's settings.",
  },
  basicAfterDigest: {
    kind: "config",
    what: "the camera asked for an encrypted password before, and now for an unencrypted one, which is not sent",
    remedy:
      "If you changed the camera's RTSP authentication, restart the agent. Else check who is in this network.",
  },
  basicAfterRedirect: {
    kind: "config",
    what: "the camera asks for an unencrypted password after a redirect, which is not sent",
    remedy:
      "Use the address at the end of the redirects, or set RTSP authentication to Digest in the camera.",
  },
};

/** @param reply the reply with status 401 */
export function loginError(camera: string, problem: LoginProblem, method: string, reply: RtspReply): Error {
  const asked = (reply.headers.get("www-authenticate") ?? []).join(", ");
  const answered = `${method} answered 401 ${plainText(reply.reason, 60)}`.trimEnd();
  return errorOf(
    camera,
    BY_LOGIN_PROBLEM[problem],
    problem === "unsupported" ? `camera: ${plainText(asked, 100)}` : `camera: ${answered}`,
  );
}

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
const CLOSED_WHILE_PLAYING: Reason = {
  kind: "transient",
  what: "the camera has closed the connection",
  remedy: "Check the camera and the network. The agent reopens the stream automatically.",
};

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
 * @param phase `open`: before the camera has sent video
 * @param at the camera's address
 * @returns the error itself if it is none of the network or of the camera
 */
export function connectionError(
  camera: string,
  error: unknown,
  phase: "open" | "play",
  at?: RtspAddress,
): Error {
  if (!(error instanceof Error)) return new TypeError(String(error));
  if (error instanceof ConfigError || error instanceof TransientError) return error;
  if (error instanceof RtspProtocolError) {
    // The data that a camera sends while it plays may be damaged once.
    const kind = phase === "open" ? "config" : "transient";
    return errorOf(camera, { kind, what: error.message, remedy: error.remedy });
  }
  if (/before secure TLS connection/.test(error.message)) return errorOf(camera, TLS_NOT_ANSWERED);
  const code = "code" in error ? String(error.code) : "";
  if (isClosed(error)) return errorOf(camera, phase === "open" ? CLOSED : CLOSED_WHILE_PLAYING);
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
      ? "Check that it is switched on, check address and port, and that it speaks TLS (rtsps) at this port."
      : "Check that it is switched on, and check address and port.",
  });
}

/** @param before whether the camera has sent video in this session */
export function silenceError(camera: string, seconds: number, before: boolean): Error {
  return errorOf(camera, {
    kind: "transient",
    what: before ? `frozen, no video for ${seconds} s` : `the camera sends no video within ${seconds} s`,
    remedy: before
      ? "Check the camera and the network. The agent reopens the stream automatically."
      : "Restart the camera. For `transport: udp`, check that a firewall lets the camera's packets in.",
  });
}

/** The camera announces the end of its stream: by RTCP (BYE), or by a redirect to its own address. */
export function endedError(camera: string, how: string): Error {
  return errorOf(camera, {
    kind: "transient",
    what: `the camera has ended the stream (camera: ${how})`,
    remedy: "Nothing to do: the agent reopens the stream automatically.",
  });
}

/** @param location of a redirect that is not followed */
export function redirectError(camera: string, location: string): Error {
  const where = plainText(location.replace(/\/\/[^/?#]*@/, "//***@"), 100);
  return errorOf(camera, {
    kind: "config",
    what: `the camera redirects to another address${where === "" ? "" : ` (${where})`}: expected the same host and port`,
    remedy:
      "User and password are not sent there. If you trust that address, configure it as the camera's address.",
  });
}

export function tooManyRedirectsError(camera: string, most: number): Error {
  return errorOf(camera, {
    kind: "config",
    what: `the camera redirects more than ${most} times`,
    remedy: "Use the address at the end of the redirects, or restart the camera.",
  });
}

export function tooManyTracksError(camera: string, tracks: number, most: number): Error {
  return errorOf(camera, {
    kind: "config",
    what: `the camera describes ${tracks} streams: expected at most ${most}`,
    remedy: "Restart the camera. If that does not help, update its firmware.",
  });
}

export function invalidAddressError(camera: string): Error {
  return errorOf(camera, {
    kind: "config",
    what: "the address of the stream is invalid",
    remedy:
      "Expected rtsp://user:password@host:port/path, with special characters in user and password percent-encoded.",
  });
}

/** @param audio encodings of the audio tracks */
export function noVideoError(camera: string, audio: readonly string[]): Error {
  const only = audio.length === 0 ? "" : `, only audio (${audio.join(", ")})`;
  return errorOf(camera, {
    kind: "config",
    what: `the stream has no video track${only}`,
    remedy: "Use the address of a stream with video: look up the path of the address in the camera's manual.",
  });
}

export function unsupportedCodecError(camera: string, encoding: string): Error {
  return errorOf(camera, {
    kind: "config",
    what: `the stream's video is ${plainText(encoding, 30)}: expected H.264, H.265, MJPEG, MPEG-4 or VP8`,
    remedy: "Set the stream to H.264 in the camera.",
  });
}

/** The camera sends video, but no key frame, at which a decoder could start. */
export function noKeyFrameError(camera: string, seconds: number): Error {
  return errorOf(camera, {
    kind: "transient",
    what: `no key frame within ${seconds} s, although the camera sends video`,
    remedy:
      "Set the key frame interval (GOP, I-frame interval) of the camera to 1 or 2 s. If it is set, the camera may not send its parameter sets (SPS, PPS): update its firmware.",
  });
}

/**
 * The camera sends packets that complete no frame.
 * @param within the time or the data in which none was completed
 */
export function noFrameError(camera: string, within: string): Error {
  return errorOf(camera, {
    kind: "transient",
    what: `no complete frame within ${within}, although the camera sends packets`,
    remedy: "Restart the camera. If that does not help, update its firmware.",
  });
}

/** Each change of the format costs the start of a decoder. */
export function restlessFormatError(camera: string, most: number, seconds: number): Error {
  return errorOf(camera, {
    kind: "transient",
    what: `the size or format of the video changes more than ${most} times within ${seconds} s`,
    remedy: "Restart the camera, and set its stream to a fixed resolution.",
  });
}
