import { ConfigError, TransientError } from "../base/errors.ts";
import { type FfmpegEnd, signalMeaning } from "./ffmpeg-end.ts";
import { MOST_PIXELS, SMALLER_FRAMES_REMEDY } from "./frame-limit.ts";

/** The agent stops a decoder that writes these messages: ffmpeg itself would continue without delivering a frame. */
export const FATAL_MESSAGES =
  /exceeds specified max pixel count|get_buffer\(\) failed|Cannot allocate memory|Failed to reallocate/i;

const KINDS = { config: ConfigError, transient: TransientError };

/** Explains a message of ffmpeg to the person who set up the camera. The first entry that matches is used. */
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
    what: "its stream takes more memory than ffmpeg may use for frames of this size",
    remedy: "Set the stream to a smaller frame size. If its frames are small already, restart the camera.",
  },
  {
    pattern: /Decoder .*not found|Unknown decoder|Unsupported codec/i,
    kind: "config",
    what: "this ffmpeg cannot decode the stream's codec",
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
    kind: "transient",
    what: "the frame size has changed",
    remedy: "Nothing to do: the agent reopens the stream with the new size.",
  },
];

/**
 * Explains why a decoder ended.
 * @param camera the message starts with this name.
 * @returns ConfigError if a person must change something before a retry can help, TransientError otherwise.
 */
export function explainFailure(
  camera: string,
  { errorLines, signal }: Pick<FfmpegEnd, "errorLines" | "signal">,
): ConfigError | TransientError {
  for (const { pattern, kind, what, remedy } of MEANINGS) {
    const line = errorLines.find((text) => pattern.test(text));
    if (line !== undefined) return new KINDS[kind](`${camera}: ${what} (ffmpeg: ${line})`, remedy);
  }
  const killed = signalMeaning(signal);
  if (killed !== undefined) return new TransientError(`${camera}: ffmpeg ${killed.what}`, killed.remedy);
  const last = errorLines.at(-1);
  return new TransientError(
    `${camera}: the decoder ended${last === undefined ? "" : ` (ffmpeg: ${last})`}`,
    "Check whether another player (ffplay, VLC) shows the stream. If it does not, restart the camera or try another stream of it.",
  );
}
