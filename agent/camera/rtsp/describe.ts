import { followRedirect, type RtspAddress, requestUri } from "./address.ts";
import { acceptsTls, connectCamera, isClosed, type RtspConnection } from "./connection.ts";
import { controlBase } from "./control-url.ts";
import { MOST_TRACKS, otherContent, readDescription, type StreamDescription } from "./description.ts";
import type { CameraLogin } from "./login.ts";
import { tlsExpectedError } from "./protocol-errors.ts";
import { noDescriptionError, tooManyTracksError } from "./reasons/description.ts";
import { redirectError, tooManyRedirectsError } from "./reasons/refusal.ts";
import { Redirected, requestSender, requireSuccess, type SendRequest } from "./requests.ts";

/** A connection to a camera that has described its stream. */
export interface DescribedStream {
  readonly connection: RtspConnection;
  readonly send: SendRequest;
  /** Removes the password from a text of the camera that is shown. */
  readonly hide: (text: string) => string;
  readonly description: StreamDescription;
  /** The base of its control URLs. */
  readonly base: string;
  /** Methods that the camera supports, in upper case; empty: not known. */
  readonly methods: readonly string[];
}

/**
 * Connects to a camera and asks for the description of its stream.
 * @param camera error messages start with this name
 * @param signal aborted: it fails
 * @throws what `SendRequest` throws; ConfigError or TransientError if the camera refuses
 */
export async function describeStream(
  camera: string,
  at: RtspAddress,
  login: CameraLogin,
  signal: AbortSignal,
): Promise<DescribedStream> {
  const connection = await connectCamera(at, signal);
  try {
    const send = requestSender(camera, connection, login);
    const uri = requestUri(at);
    // Cameras that refuse OPTIONS still answer DESCRIBE, with the description or with a reason.
    const options = await send("OPTIONS", uri, {}, signal).catch(async (error: unknown) => {
      // Most servers close the connection when they receive a request instead of a TLS handshake.
      const isPlain = at.scheme === "rtsp" && isClosed(error);
      throw isPlain && (await acceptsTls(at, signal)) ? tlsExpectedError() : error;
    });
    const methods = (options.headers.get("public") ?? [])
      .join(",")
      .toUpperCase()
      .split(/\s*,\s*/);
    const reply = await send("DESCRIBE", uri, { Accept: "application/sdp" }, signal);
    requireSuccess(camera, "DESCRIBE", reply);
    const other = otherContent(reply.body);
    if (other !== undefined) throw noDescriptionError(camera, other);
    const description = hideEncodings(readDescription(reply.body), login.hide);
    if (description.tracks > MOST_TRACKS) throw tooManyTracksError(camera, description.tracks, MOST_TRACKS);
    const stated = reply.headers.get("content-base") ?? reply.headers.get("content-location");
    return { connection, send, hide: login.hide, description, methods, base: controlBase(at, stated?.[0]) };
  } catch (error) {
    connection[Symbol.dispose]();
    throw error;
  }
}

/** Encodings that the agent does not know are shown as the camera names them. */
function hideEncodings(description: StreamDescription, hide: (text: string) => string): StreamDescription {
  const { video, audio } = description;
  return {
    ...description,
    video: video.map((track) =>
      track.codec === undefined ? { ...track, encoding: hide(track.encoding) } : track,
    ),
    audio: audio.map((track) => ({ ...track, encoding: hide(track.encoding) })),
  };
}

const MOST_REDIRECTS = 3;

/**
 * Visits a camera, and again at the addresses to which it redirects.
 * @param visit throws Redirected
 * @throws ConfigError if the camera redirects to another host, port or scheme, or too often
 */
export async function followRedirects<T>(
  camera: string,
  address: RtspAddress,
  login: CameraLogin,
  visit: (at: RtspAddress) => Promise<T>,
): Promise<T> {
  let at = address;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    try {
      return await visit(at);
    } catch (error) {
      if (!(error instanceof Redirected)) throw error;
      const next = followRedirect(at, error.location);
      if (next === undefined) throw redirectError(camera, login.hide(error.location));
      login.forbidBasic();
      at = next;
    }
  }
  throw tooManyRedirectsError(camera, MOST_REDIRECTS);
}
