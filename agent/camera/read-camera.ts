import type { Size } from "../base/box.ts";
import type { Clock } from "../base/clock.ts";
import { type Rotation, rotatedSize } from "../base/rotation.ts";
import type { HardwarePreset } from "../config/hardware-schema.ts";
import { KEPT_BYTES, type TimedUnit } from "./decode-plan.ts";
import { decodeSession } from "./decode-session.ts";
import { type HardwareDecoder, openDecoder } from "./decoder.ts";
import { requireProgram } from "./ffmpeg.ts";
import type { Frame } from "./frame.ts";
import type { FrameFeedback } from "./frame-feedback.ts";
import { chooseHardware } from "./hardware-decoding.ts";
import type { IdleSetting } from "./idle-mode.ts";
import type { VideoCodec } from "./rtsp/access-unit.ts";
import { type CameraMemory, openSession, type SessionStream } from "./rtsp/session.ts";
import type { RtspSession } from "./rtsp/start-session.ts";

/** A camera's stream, and the requested frames. */
export interface CameraStream extends SessionStream {
  /** Pixels after the rotation; undefined: the stream's own size, upright and with square pixels. */
  readonly size: Size | undefined;
  /** Rotates the frames further than the stream says. Default: 0. */
  readonly rotate?: Rotation;
  /** Maximum frames per second. */
  readonly fps: number;
  /** Which frames are decoded while nothing moves. Default: all. */
  readonly idle?: IdleSetting;
  /** The hardware decoder (`ffmpeg.hwaccel_args`). Default: none. */
  readonly hwaccelArgs?: HardwarePreset | readonly string[];
}

export interface ReadCameraOptions {
  readonly clock: Clock;
  /** Ends the frames without an error when aborted. */
  readonly signal: AbortSignal;
  /** Reports whether frames show motion. Without it, all frames are decoded. */
  readonly feedback?: FrameFeedback;
  /** The state of the camera that outlives a stream. Default: none. */
  readonly memory?: CameraMemory;
  /** Receives the session when the stream plays. */
  readonly onSession?: (session: RtspSession) => void;
  /** Receives every access unit when it arrives, decoded or not. */
  readonly onUnit?: (unit: TimedUnit) => void;
  /** Receives the reason why frames are decoded in software although a hardware decoder is configured. */
  readonly onHardwareFailure?: (reason: string) => void;
  /** Default: `ffmpeg` from PATH. */
  readonly ffmpeg?: string;
}

/**
 * The longest time from the call of `readCamera`, or from one access unit, to the next one or to a failure: two transports
 * and a redirect are tried for 25 s each, and then `FRAME_WITHIN_MS` pass.
 */
export const LONGEST_SILENCE_MS = 150_000;

/**
 * Reads the frames of an RTSP camera; `sequence` counts from 0. Only the access units that `planDecoding` chooses are
 * decoded. Frames have the time of their access unit: after an idle period, the first ones are up to a group of frames old.
 *
 * Returns only when aborted; a stream that ends is an error. The consumer must keep up (see newestOnly).
 * @throws TransientError if the camera cannot be reached, disconnects or sends nothing; ConfigError if it refuses the login,
 * has no such stream or no video that can be decoded; FfmpegMissing.
 */
export async function* readCamera(
  stream: CameraStream,
  options: ReadCameraOptions,
): AsyncGenerator<Frame, void> {
  const { camera, size, fps, rotate = 0 } = stream;
  const { signal, feedback, ffmpeg = "ffmpeg" } = options;
  requireProgram(ffmpeg);
  await using session = await openUnlessAborted(stream, options);
  if (session === undefined) return;
  options.onSession?.(session);
  const idle = stream.idle ?? "all";
  yield* decodeSession(session, {
    ...options,
    camera,
    rotate,
    rules: { idle, hasMotionDetection: feedback !== undefined, keptBytes: KEPT_BYTES },
    openDecoder(display) {
      const hardware = hardwareFor(stream, display.format.codec, options);
      return openDecoder({ camera, ...display, size, fps, hardware }, { signal, ffmpeg });
    },
  });
}

async function openUnlessAborted(
  { size, rotate = 0, ...stream }: CameraStream,
  { clock, signal, memory }: ReadCameraOptions,
): Promise<RtspSession | undefined> {
  const ownSize = size && rotatedSize(size, rotate);
  try {
    return await openSession(
      { ...stream, size: ownSize },
      { clock, signal, ...(memory === undefined ? {} : { memory }) },
    );
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

function hardwareFor(
  { hwaccelArgs = [] }: CameraStream,
  codec: VideoCodec,
  { onHardwareFailure = () => {} }: ReadCameraOptions,
): HardwareDecoder | undefined {
  const choice = chooseHardware(hwaccelArgs, codec);
  if (choice.args !== undefined) return { args: choice.args, onFailure: onHardwareFailure };
  if (choice.reason !== undefined) onHardwareFailure(choice.reason);
  return undefined;
}
