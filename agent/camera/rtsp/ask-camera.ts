import { ConfigError, TransientError } from "../../base/errors.ts";
import { plainText } from "../../base/plain-text.ts";
import { explainFailure } from "../explain-failure.ts";
import { requireModestSize } from "../frame-limit.ts";
import { followRedirect, joinAddress, type RtspAddress, requestUri, splitAddress } from "./address.ts";
import {
  ConnectionClosed,
  connectCamera,
  RtspBreach,
  type RtspConnection,
  type RtspReply,
} from "./connection.ts";
import { readDescription, type StreamDescription } from "./description.ts";
import { authorize, decodeLogin } from "./login.ts";

const MOST_REDIRECTS = 3;
/** Cameras describe video, sound and metadata; ffmpeg takes 10 kB for each stream it is told of. */
const MOST_STREAMS = 32;

/**
 * Asks a camera for a stream before ffmpeg is given the address, and decides on the answers what ffmpeg would not: a
 * redirect to another host, port or scheme is refused, since ffmpeg would take user and password there; so are endless
 * answers, and frames that are too large to decode.
 *
 * Asks as far as ffmpeg follows redirects: OPTIONS and DESCRIBE. A camera that answers us in one way and ffmpeg in another
 * is not found out here: ffmpeg is killed when it says that it is redirected (see ffmpeg.ts).
 * @param camera named first in the message of what it throws
 * @param signal aborted: the question is given up, with an error
 * @returns the address to open, redirects followed
 * @throws ConfigError where the camera refuses, redirects elsewhere, sends without end or shows too large frames; else
 * TransientError
 */
export async function askCamera(camera: string, address: string, signal: AbortSignal): Promise<string> {
  let at = splitAddress(address);
  if (at === undefined) {
    throw new ConfigError(
      `${camera}: the stream's address cannot be read`,
      "Expected rtsp://user:password@host:port/path, with special characters in user and password percent-encoded.",
    );
  }
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const location = await askOnce(camera, at, signal);
    if (location === undefined) return redirects === 0 ? address : joinAddress(at);
    const next = followRedirect(at, location);
    if (next === undefined) throw redirectError(camera, location);
    at = next;
  }
  throw new ConfigError(
    `${camera}: the camera redirects more than ${MOST_REDIRECTS} times`,
    "Give the address it leads to in the end, or start the camera again.",
  );
}

function redirectError(camera: string, location: string): ConfigError {
  const where = plainText(location.replace(/\/\/[^/?#]*@/, "//***@"), 100);
  return new ConfigError(
    `${camera}: the camera redirects to another address (${where}): expected the same host and port`,
    "User and password are not sent there. If you trust that address, give it as the camera's own.",
  );
}

/** @returns where the camera redirects to; undefined when the stream can be had here */
async function askOnce(camera: string, at: RtspAddress, signal: AbortSignal): Promise<string | undefined> {
  try {
    using connection = await connectCamera(at, signal);
    const ask = asker(connection, at);
    const options = await ask("OPTIONS", requestUri(at));
    if (isRedirect(options)) return locationOf(options);
    // A wrong password is shown once for each try: cameras lock out.
    if (options.status === 401) throw refusalError(camera, "OPTIONS", options);
    const reply = await ask("DESCRIBE", requestUri(at), { Accept: "application/sdp" });
    if (isRedirect(reply)) return locationOf(reply);
    if (reply.status !== 200) throw refusalError(camera, "DESCRIBE", reply);
    requireModest(camera, readDescription(reply.body));
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError || error instanceof TransientError) throw error;
    throw failureError(camera, error, signal);
  }
}

type Ask = (method: string, uri: string, headers?: Readonly<Record<string, string>>) => Promise<RtspReply>;

/** Requests that show the login once the camera asks for it. */
function asker(connection: RtspConnection, { login }: RtspAddress): Ask {
  let challenges: readonly string[] = [];
  return async (method, uri, headers = {}) => {
    const send = () => {
      const authorization =
        login === undefined ? undefined : authorize(challenges, decodeLogin(login), { method, uri });
      const all = authorization === undefined ? headers : { ...headers, Authorization: authorization };
      return connection.request(method, uri, all);
    };
    const reply = await send();
    const asked = reply.headers.get("www-authenticate");
    if (reply.status !== 401 || asked === undefined || login === undefined) return reply;
    challenges = asked;
    return send();
  };
}

function isRedirect({ status }: RtspReply): boolean {
  return status >= 300 && status < 400;
}

function locationOf({ headers }: RtspReply): string {
  return headers.get("location")?.[0] ?? "";
}

function requireModest(camera: string, { streams, size }: StreamDescription): void {
  if (streams > MOST_STREAMS) {
    throw new ConfigError(
      `${camera}: the camera describes ${streams} streams: expected at most ${MOST_STREAMS}`,
      "Start the camera again; if it stays so, update its firmware.",
    );
  }
  if (size !== undefined) requireModestSize(camera, size);
}

function refusalError(camera: string, method: string, { status, reason }: RtspReply): Error {
  const said = `${status} ${plainText(reason, 60)}`.trimEnd();
  if (status >= 400 && status < 500) return explainFailure(camera, [`${method} answered ${said}`], "camera");
  return new TransientError(
    `${camera}: the camera does not describe its stream (camera: ${said})`,
    "Check that the camera has started and shows its stream elsewhere.",
  );
}

function failureError(camera: string, error: unknown, signal: AbortSignal): Error {
  if (!(error instanceof Error)) return new TypeError(String(error));
  if (error instanceof RtspBreach) {
    const remedy =
      "Check that the address and port are the camera's RTSP; if they are, start the camera again.";
    return new ConfigError(`${camera}: ${error.message}`, remedy);
  }
  if (signal.aborted) {
    const remedy = "Check that it is on, and the address and port.";
    return new TransientError(`${camera}: the camera does not answer`, remedy, { cause: error });
  }
  if (error instanceof ConnectionClosed) {
    const remedy = "Check that the camera has started, and that it has a connection left for us.";
    return new TransientError(`${camera}: the camera closes the connection without an answer`, remedy);
  }
  const code = "code" in error ? String(error.code) : "";
  // Programming mistakes are no failures of the network.
  if (code === "") return error;
  return explainFailure(camera, [plainText(error.message)], "network");
}
