import { requireSupportedSize } from "../frame-limit.ts";
import { formatRtspAddress, parseRtspAddress } from "./address.ts";
import { describeStream, followRedirects } from "./describe.ts";
import { createLogin, decodeLogin } from "./login.ts";
import { connectionError, invalidAddressError, noAnswerError } from "./reasons.ts";
import { Redirected } from "./requests.ts";

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
  const start = parseRtspAddress(address);
  if (start === undefined) throw invalidAddressError(camera);
  const password = start.login === undefined ? undefined : decodeLogin(start.login);
  const login = createLogin(password, { askedDigest: false });
  return followRedirects(camera, start, login, async (at) => {
    try {
      const { connection, description } = await describeStream(camera, at, login, signal);
      connection[Symbol.dispose]();
      for (const { format } of description.video) {
        if (format !== undefined) requireSupportedSize(camera, format.codedSize);
      }
      return at === start ? address : formatRtspAddress(at);
    } catch (error) {
      if (error instanceof Redirected) throw error;
      if (signal.aborted) throw noAnswerError(camera, undefined, at.scheme === "rtsps");
      throw connectionError(camera, error, "open");
    }
  });
}
