import type { RtspConnection } from "./connection.ts";
import type { CameraLogin } from "./login.ts";
import type { RtspReply } from "./messages.ts";
import { loginError, refusalError } from "./reasons/refusal.ts";

/** The camera answers that its stream is elsewhere. */
export class Redirected extends Error {
  readonly location: string;

  constructor(location: string) {
    super("the camera redirects");
    this.location = location;
  }
}

/**
 * Sends a request, with the login once the camera has asked for it.
 * @returns a reply with any status but those of redirects and refused logins. Its reason can be shown; its headers and its body
 * may contain the password.
 * @throws Redirected, ConfigError for a refused login, and the errors of `RtspConnection.request`
 */
export type SendRequest = (
  method: string,
  uri: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<RtspReply>;

/** Without a login, with it, and with a new nonce. */
const MOST_ATTEMPTS = 3;

/** @param camera error messages start with this name */
export function requestSender(camera: string, connection: RtspConnection, login: CameraLogin): SendRequest {
  return async (method, uri, headers, signal) => {
    for (let attempt = 1; ; attempt++) {
      const authorization = login.authorize({ method, uri });
      const all = authorization === undefined ? headers : { ...headers, Authorization: authorization };
      const reply = await connection.request(method, uri, all, signal);
      const verdict = login.judge(reply, authorization);
      if (verdict === undefined) {
        if (reply.status >= 300 && reply.status < 400)
          throw new Redirected(reply.headers.get("location")?.[0] ?? "");
        return { ...reply, reason: login.hide(reply.reason) };
      }
      const problem = verdict === "again" ? "refused" : verdict;
      const isLast = verdict !== "again" || attempt === MOST_ATTEMPTS;
      if (isLast) throw loginError(camera, problem, method, withoutSecrets(reply, login));
    }
  };
}

function withoutSecrets(reply: RtspReply, { hide }: CameraLogin): RtspReply {
  const headers = [...reply.headers].map(([name, values]) => [name, values.map(hide)] as const);
  return { ...reply, reason: hide(reply.reason), headers: new Map(headers) };
}

/** @throws ConfigError or TransientError if the reply is no success */
export function requireSuccess(camera: string, method: string, reply: RtspReply): RtspReply {
  if (reply.status >= 200 && reply.status < 300) return reply;
  throw refusalError(camera, method, reply);
}
