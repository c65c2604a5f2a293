import { ConfigError, TransientError } from "../base/errors.ts";
import { MEMORY_MB } from "./ffmpeg.ts";
import { MOST_PIXELS, SMALLER_FRAMES_REMEDY } from "./frame-limit.ts";
import { SizeChanged } from "./remember-size.ts";

/** The agent closes a stream on these messages: ffmpeg itself would continue without delivering a frame. */
export const FATAL_MESSAGES =
  /exceeds specified max pixel count|get_buffer\(\) failed|Cannot allocate memory|Failed to reallocate/i;

const KINDS = { config: ConfigError, transient: TransientError, sizeChanged: SizeChanged };

/** Explains an ffmpeg message to the person who set up the camera. The first entry that matches is used. */
const MEANINGS: readonly {
  readonly pattern: RegExp;
  readonly kind: keyof typeof KINDS;
  /** The failure; a function of the decoder's memory limit in 10⁶ bytes. */
  readonly what: string | ((memoryMb: number) => string);
  readonly remedy: string;
}[] = [
  {
    pattern: /exceeds specified max pixel count|Picture size \d+x\d+ is invalid/i,
    kind: "config",
    what: `its frames are larger than ${MOST_PIXELS / 1e6} megapixels`,
    remedy: SMALLER_FRAMES_REMEDY,
  },
  {
    pattern: /Cannot allocate memory|Failed to reallocate|get_buffer\(\) failed/i,
    kind: "transient",
    what: (memoryMb) => `its stream takes more memory than the ${memoryMb} MB that ffmpeg may use`,
    remedy: "Set the stream to a smaller frame size. If its frames are small already, restart the camera.",
  },
  {
    pattern: /: Redirecting to /i,
    kind: "config",
    what: "the camera redirects ffmpeg to another address",
    remedy:
      "Use the camera's own address for the stream. If you do not know why it redirects, do not trust the camera.",
  },
  {
    pattern: /401 \(?Unauthorized|403 \(?Forbidden|answered 40[13]|authorization failed/i,
    kind: "config",
    what: "the camera refuses this user name or password",
    remedy: "Check user and password in the address. Many cameras have separate accounts for RTSP.",
  },
  {
    pattern: /404 \(?Not Found|454 \(?Session Not Found|answered 4\d\d|Server returned 4XX/i,
    kind: "config",
    what: "the camera has no such stream",
    remedy: "Look up the path of the address (everything after the host) in the camera's manual.",
  },
  {
    pattern:
      /Decoder .*not found|Unknown decoder|Unsupported codec|matches no streams|not contain any stream/i,
    kind: "config",
    what: "the stream contains no video that this ffmpeg can decode",
    remedy: "Set the stream to H.264 in the camera, or install an ffmpeg with this codec.",
  },
  {
    pattern: /Unrecognized option|Option not found/i,
    kind: "config",
    what: "this ffmpeg is too old",
    remedy: "Install ffmpeg 5.1 or newer (Debian 12 has it).",
  },
  {
    // Written by the filter `requireSize`.
    pattern: /Invalid too big or non positive size/i,
    kind: "sizeChanged",
    what: "the frame size has changed",
    remedy: "Nothing to do: the agent reopens the stream with the new size.",
  },
  {
    pattern: /Failed to resolve hostname|getaddrinfo/i,
    kind: "transient",
    what: "the camera's host name cannot be resolved",
    remedy: "Check the name in the address and this machine's DNS.",
  },
  {
    pattern:
      /Connection refused|No route to host|Network is unreachable|timed out|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT/i,
    kind: "transient",
    what: "the camera cannot be reached",
    remedy: "Check that it is switched on and in this network, and that address and port are right.",
  },
];

/**
 * Explains from error lines why a stream ended.
 * @param camera the message starts with this name.
 * @param errorLines without credentials and control characters.
 * @param source wrote the lines.
 * @param memoryMb the limit of the decoder's memory in 10⁶ bytes.
 * @returns ConfigError if a person must change something before a retry can help, SizeChanged if the frame size must be
 * probed again, TransientError otherwise.
 */
export function explainFailure(
  camera: string,
  errorLines: readonly string[],
  source: "ffmpeg" | "camera" | "network" = "ffmpeg",
  memoryMb: number = MEMORY_MB.camera,
): ConfigError | TransientError {
  for (const { pattern, kind, what, remedy } of MEANINGS) {
    const line = errorLines.find((text) => pattern.test(text));
    if (line === undefined) continue;
    const failure = typeof what === "string" ? what : what(memoryMb);
    const message = `${camera}: ${failure} (${source}: ${line})`;
    return new KINDS[kind](message, remedy);
  }
  const last = errorLines.at(-1);
  return new TransientError(
    `${camera}: the stream ended${last === undefined ? "" : ` (${source}: ${last})`}`,
    "Check the camera. Run sabrewing check for details.",
  );
}
