import { ConfigError, TransientError } from "../../base/errors.ts";
import { plainText } from "../../base/plain-text.ts";
import { explainFailure } from "../explain-failure.ts";
import { requireSupportedSize } from "../frame-limit.ts";
import {
  followRedirect,
  formatRtspAddress,
  parseRtspAddress,
  type RtspAddress,
  requestUri,
} from "./address.ts";
import {
  ConnectionClosed,
  connectCamera,
  type RtspConnection,
  RtspProtocolError,
  type RtspReply,
} from "./connection.ts";
import { readDescription, type StreamDescription } from "./description.ts";
import { authorize, decodeLogin } from "./login.ts";

const MOST_REDIRECTS = 3;
/** Cameras describe video, audio and metadata. ffmpeg needs 10 kB for each described stream. */
const MOST_STREAMS = 32;

/**
 * Checks a stream before ffmpeg opens it, since ffmpeg does not protect itself: refuses a redirect to another host, port or
 * scheme, where ffmpeg would send user and password; endless answers; and frames that are too large to decode.
 *
 * Sends the requests for which ffmpeg follows redirects: OPTIONS and DESCRIBE. A camera may answer ffmpeg differently;
 * therefore ffmpeg is killed when it reports a redirect (see ffmpeg.ts).
 * @param camera error messages start with this name
 * @param signal aborted: the check fails
 * @returns the address after redirects
 * @throws ConfigError if the camera refuses, redirects elsewhere, sends endless answers or frames that are too large; else
 * TransientError
 */
export async function checkStream(camera: string, address: string, signal: AbortSignal): Promise<string> {
  let at = parseRtspAddress(address);
  if (at === undefined) {
    throw new ConfigError(
      `${camera}: the address of the stream is invalid`,
      "Expected rtsp://user:password@host:port/path, with special characters in user and password percent-encoded.",
    );
  }
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const location = await describe(camera, at, signal);
    if (location === undefined) return redirects === 0 ? address : formatRtspAddress(at);
    const next = followRedirect(at, location);
    if (next === undefined) throw redirectError(camera, location);
    at = next;
  }
  throw new ConfigError(
    `${camera}: the camera redirects more than ${MOST_REDIRECTS} times`,
    "Use the address at the end of the redirects, or restart the camera.",
  );
}

function redirectError(camera: string, location: string): ConfigError {
  const where = plainText(location.replace(/\/\/[^/?#]*@/, "//***@"), 100);
  return new ConfigError(
    `${camera}: the camera redirects to another address (${where}): expected the same host and port`,
    "User and password are not sent there. If you trust that address, configure it as the camera's address.",
  );
}

/** @returns where the camera redirects to; undefined if it offers the stream here */
async function describe(camera: string, at: RtspAddress, signal: AbortSignal): Promise<string | undefined> {
  try {
    using connection = await connectCamera(at, signal);
    const send = requestSender(connection, at);
    const options = await send("OPTIONS", requestUri(at));
    if (isRedirect(options)) return locationOf(options);
    // A wrong password is sent only once per attempt: cameras lock accounts.
    if (options.status === 401) throw refusalError(camera, "OPTIONS", options);
    const reply = await send("DESCRIBE", requestUri(at), { Accept: "application/sdp" });
    if (isRedirect(reply)) return locationOf(reply);
    if (reply.status !== 200) throw refusalError(camera, "DESCRIBE", reply);
    requireSupported(camera, readDescription(reply.body));
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError || error instanceof TransientError) throw error;
    throw failureError(camera, error, signal);
  }
}

type SendRequest = (
  method: string,
  uri: string,
  headers?: Readonly<Record<string, string>>,
) => Promise<RtspReply>;

/** Sends requests, with the login after the camera has asked for it. */
function requestSender(connection: RtspConnection, { login }: RtspAddress): SendRequest {
  let challenges: readonly string[] = [];
  return async (method, uri, headers = {}) => {
    const send = () => {
      const authorization =
        login === undefined ? undefined : authorize(challenges, decodeLogin(login), { method, uri });
      const all = authorization === undefined ? headers : { ...headers, Authorization: authorization };
      return connection.request(method, uri, all);
    };
    const reply = await send();
    const received = reply.headers.get("www-authenticate");
    if (reply.status !== 401 || received === undefined || login === undefined) return reply;
    challenges = received;
    return send();
  };
}

function isRedirect({ status }: RtspReply): boolean {
  return status >= 300 && status < 400;
}

function locationOf({ headers }: RtspReply): string {
  return headers.get("location")?.[0] ?? "";
}

function requireSupported(camera: string, { streams, size }: StreamDescription): void {
  if (streams > MOST_STREAMS) {
    throw new ConfigError(
      `${camera}: the camera describes ${streams} streams: expected at most ${MOST_STREAMS}`,
      "Restart the camera. If that does not help, update its firmware.",
    );
  }
  if (size !== undefined) requireSupportedSize(camera, size);
}

function refusalError(camera: string, method: string, { status, reason }: RtspReply): Error {
  const answer = `${status} ${plainText(reason, 60)}`.trimEnd();
  if (status >= 400 && status < 500)
    return explainFailure(camera, [`${method} answered ${answer}`], "camera");
  return new TransientError(
    `${camera}: the camera does not describe its stream (camera: ${answer})`,
    "Check that the camera has started and that other programs can show its stream.",
  );
}

function failureError(camera: string, error: unknown, signal: AbortSignal): Error {
  if (!(error instanceof Error)) return new TypeError(String(error));
  if (error instanceof RtspProtocolError) {
    const remedy =
      "Check that address and port belong to the camera's RTSP server. If they do, restart the camera.";
    return new ConfigError(`${camera}: ${error.message}`, remedy);
  }
  if (signal.aborted) {
    const remedy = "Check that it is switched on, and check address and port.";
    return new TransientError(`${camera}: the camera does not answer`, remedy, { cause: error });
  }
  if (error instanceof ConnectionClosed) {
    const remedy =
      "Check that the camera has started, and that other clients do not use all its connections.";
    return new TransientError(`${camera}: the camera closes the connection without an answer`, remedy);
  }
  const code = "code" in error ? String(error.code) : "";
  // An error without a code is a bug, not a network failure.
  if (code === "") return error;
  return explainFailure(camera, [plainText(error.message)], "network");
}
