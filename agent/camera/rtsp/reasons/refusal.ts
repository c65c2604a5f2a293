import { TransientError } from "../../../base/errors.ts";
import type { LoginProblem } from "../login.ts";
import type { RtspReply } from "../messages.ts";
import { cameraText, errorOf, type Reason } from "./reason.ts";

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
    "Set `transport: auto` for this camera. If it is already set, update the camera's firmware. If the address starts with rtsps://, the agent tries only TCP: use the camera's rtsp:// address.",
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
      what: "the camera does not allow this user to view the stream",
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
  const answered = `camera: ${method} answered ${status} ${cameraText(reason, 60)}`.trimEnd();
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
    what: "the camera asks for an unencrypted password, which is not sent, because it asked for an encrypted one before",
    remedy:
      "If you changed the camera's RTSP authentication, restart the agent. Otherwise check whether another device in the network uses the camera's address.",
  },
  basicAfterRedirect: {
    kind: "config",
    what: "after a redirect, the camera asks for an unencrypted password, which is not sent",
    remedy:
      "Use the address at the end of the redirects, or set RTSP authentication to Digest in the camera.",
  },
};

/** @param reply the reply with status 401 */
export function loginError(camera: string, problem: LoginProblem, method: string, reply: RtspReply): Error {
  const asked = (reply.headers.get("www-authenticate") ?? []).join(", ");
  const answered = `${method} answered 401 ${cameraText(reply.reason, 60)}`.trimEnd();
  return errorOf(
    camera,
    BY_LOGIN_PROBLEM[problem],
    problem === "unsupported" ? `camera: ${cameraText(asked, 100)}` : `camera: ${answered}`,
  );
}

/** @param location of a redirect that is not followed */
export function redirectError(camera: string, location: string): Error {
  const where = cameraText(location.replace(/\/\/[^/?#]*@/, "//***@"), 100);
  const isStated = where !== "";
  return errorOf(camera, {
    kind: "config",
    what: isStated
      ? `the camera redirects to another address (${where}): expected the same host and port`
      : "the camera redirects without saying where",
    remedy: isStated
      ? "User and password are not sent there. If you trust that address, configure it as the camera's address."
      : "Look up the address of its stream in the camera's manual. If it is right, restart the camera.",
  });
}

export function tooManyRedirectsError(camera: string, most: number): Error {
  return errorOf(camera, {
    kind: "config",
    what: `the camera redirects more than ${most} times`,
    remedy: "Use the address at the end of the redirects, or restart the camera.",
  });
}
