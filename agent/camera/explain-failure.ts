import { ConfigError, TransientError } from "../base/errors.ts";
import { MEMORY_MB } from "./ffmpeg.ts";
import { MOST_PIXELS, SMALLER_FRAMES } from "./frame-limit.ts";
import { SizeChanged } from "./only-of-size.ts";

/** Lines after which a stream is given up at once: ffmpeg itself would go on without a frame. */
export const HOPELESS =
  /exceeds specified max pixel count|get_buffer\(\) failed|Cannot allocate memory|Failed to reallocate/i;

const KINDS = { config: ConfigError, transient: TransientError, sizeChanged: SizeChanged };

/** What an ffmpeg message means to the person who set the camera up. The first line that matches wins. */
const MEANINGS: readonly {
  readonly says: RegExp;
  readonly kind: keyof typeof KINDS;
  readonly what: string;
  readonly remedy: string;
}[] = [
  {
    says: /exceeds specified max pixel count|Picture size \d+x\d+ is invalid/i,
    kind: "config",
    what: `its frames are larger than ${MOST_PIXELS / 1e6} megapixels`,
    remedy: SMALLER_FRAMES,
  },
  {
    says: /Cannot allocate memory|Failed to reallocate|get_buffer\(\) failed/i,
    kind: "transient",
    what: `its stream takes more memory than the ${MEMORY_MB.camera} MB that ffmpeg may have`,
    remedy:
      "Set the stream to a smaller frame size, or start the camera again if it should not take as much.",
  },
  {
    says: /: Redirecting to /i,
    kind: "config",
    what: "the camera redirects ffmpeg to another address",
    remedy:
      "Give the camera's own address for the stream; if you do not know why it redirects, do not trust it.",
  },
  {
    says: /401 \(?Unauthorized|403 \(?Forbidden|answered 40[13]|authorization failed/i,
    kind: "config",
    what: "the camera refuses this user name or password",
    remedy: "Check user and password in the address; many cameras have accounts of their own for RTSP.",
  },
  {
    says: /404 \(?Not Found|454 \(?Session Not Found|answered 4\d\d|Server returned 4XX/i,
    kind: "config",
    what: "the camera has no such stream",
    remedy: "Check the path of the address (everything behind the host) in the camera's manual.",
  },
  {
    says: /Decoder .*not found|Unknown decoder|Unsupported codec|matches no streams|not contain any stream/i,
    kind: "config",
    what: "the stream holds no video that this ffmpeg can decode",
    remedy: "Set the stream to H.264 in the camera, or install an ffmpeg with the codec.",
  },
  {
    says: /Unrecognized option|Option not found/i,
    kind: "config",
    what: "this ffmpeg is too old",
    remedy: "Install ffmpeg 5.1 or newer (Debian 12 has it).",
  },
  {
    // Of the filter that readCamera puts there for this.
    says: /Invalid too big or non positive size/i,
    kind: "sizeChanged",
    what: "the size of its pictures has changed",
    remedy: "Nothing to do: the stream is opened again with the new size.",
  },
  {
    says: /Failed to resolve hostname|getaddrinfo/i,
    kind: "transient",
    what: "the camera's host name is not known",
    remedy: "Check the name in the address and this machine's DNS.",
  },
  {
    says: /Connection refused|No route to host|Network is unreachable|timed out|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT/i,
    kind: "transient",
    what: "the camera cannot be reached",
    remedy: "Check that it is on, in this network, and that the address and port are right.",
  },
];

/**
 * Why a stream ended, from what ffmpeg complained: ConfigError where trying again is useless until somebody changes
 * something, SizeChanged where the size is to be asked for, TransientError otherwise.
 * @param camera named first in the message.
 * @param complaints lines without credentials and control characters.
 * @param speaker who wrote them.
 */
export function explainFailure(
  camera: string,
  complaints: readonly string[],
  speaker: "ffmpeg" | "camera" | "network" = "ffmpeg",
): ConfigError | TransientError {
  for (const { says, kind, what, remedy } of MEANINGS) {
    const line = complaints.find((complaint) => says.test(complaint));
    if (line === undefined) continue;
    const message = `${camera}: ${what} (${speaker}: ${line})`;
    return new KINDS[kind](message, remedy);
  }
  const said = complaints.at(-1);
  return new TransientError(
    `${camera}: the stream ended${said === undefined ? "" : ` (${speaker}: ${said})`}`,
    "Check the camera; sabrewing check tells more.",
  );
}
