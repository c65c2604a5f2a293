import type { Size } from "../base/box.ts";
import type { Clock } from "../base/clock.ts";
import type { HardwarePreset } from "../config/hardware-schema.ts";
import { KEPT_BYTES, NEW_PLAN, type PlanEvent, type PlanRules, planDecoding } from "./decode-plan.ts";
import { type HardwareDecoder, openDecoder } from "./decoder.ts";
import { type DecoderChain, decoderChain } from "./decoder-chain.ts";
import { requireProgram } from "./ffmpeg.ts";
import type { Frame } from "./frame.ts";
import type { FrameFeedback } from "./frame-feedback.ts";
import { chooseHardware } from "./hardware-decoding.ts";
import type { IdleSetting } from "./idle-mode.ts";
import type { AccessUnit, VideoCodec } from "./rtsp/access-unit.ts";
import { noFrameError, noKeyFrameError } from "./rtsp/reasons.ts";
import { type CameraMemory, openSession, type SessionStream } from "./rtsp/session.ts";
import type { RtspSession } from "./rtsp/start-session.ts";
import { frameTime, NO_STREAM_TIME } from "./stream-time.ts";

/** A camera's stream, and the requested frames. */
export interface CameraStream extends SessionStream {
  /** Pixels; undefined: the stream's own size, upright and with square pixels. */
  readonly size: Size | undefined;
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
  readonly onUnit?: (unit: AccessUnit) => void;
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
  const { camera, size, fps } = stream;
  const { clock, signal, feedback, ffmpeg = "ffmpeg" } = options;
  requireProgram(ffmpeg);
  await using session = await openUnlessAborted(stream, options);
  if (session === undefined) return;
  options.onSession?.(session);
  await using decoders = decoderChain((display) => {
    const hardware = hardwareFor(stream, display.format.codec, options);
    return openDecoder({ camera, ...display, size, fps, hardware }, { signal, ffmpeg });
  });
  const rules = {
    idle: stream.idle ?? "all",
    hasMotionDetection: feedback !== undefined,
    keptBytes: KEPT_BYTES,
  };
  const apply = planned(decoders, rules);
  // Frames have Unix time, which may be adjusted. The plan has monotonic time.
  const unixMs = () => clock.nowMs() - clock.monotonicMs();
  using _feedback = feedback?.receive((event) =>
    apply(event.type === "frame" ? { ...event, timeMs: event.timeMs - unixMs() } : event),
  );
  void feed(camera, session, decoders, apply, options);

  let sequence = 0;
  for await (const { timeMs, ...frame } of decoders.frames) {
    if (signal.aborted) return;
    yield { camera, sequence, timeMs: Math.round(timeMs + unixMs()), ...frame };
    sequence++;
  }
}

async function openUnlessAborted(
  stream: CameraStream,
  { clock, signal, memory }: ReadCameraOptions,
): Promise<RtspSession | undefined> {
  try {
    return await openSession(stream, { clock, signal, ...(memory === undefined ? {} : { memory }) });
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

/** Applies events to a plan, and decodes what it chooses. */
function planned(decoders: DecoderChain, rules: PlanRules): (event: PlanEvent) => void {
  let plan = NEW_PLAN;
  return function apply(event) {
    const step = planDecoding(plan, event, rules);
    plan = step.plan;
    const refused = step.feed.filter((unit) => !decoders.write(unit, unit.timeMs));
    if (refused.length > 0) apply({ type: "reopened" });
  };
}

/**
 * The longest time to the first key frame, and from one access unit to the next. Cameras with "smart" codecs send a key frame
 * every 10 to 30 s, few of them once a minute. A hostile camera may send packets for ever that complete no access unit.
 */
const FRAME_WITHIN_MS = 60_000;
/** Access units that have arrived meanwhile are read first: the process, not the camera, may have paused. */
const CHECK_AGAIN_MS = 250;
/** Decoders read a waiting group of frames within this time. One that takes longer is too slow for the stream. */
const BEHIND_MS = 3_000;
const BEHIND_BYTES = 1e6;

/** Passes on the access units of a session until it ends. */
async function feed(
  camera: string,
  session: RtspSession,
  decoders: DecoderChain,
  apply: (event: PlanEvent) => void,
  { clock, onUnit = () => {} }: Pick<ReadCameraOptions, "clock" | "onUnit">,
): Promise<void> {
  let time = NO_STREAM_TIME;
  let caughtUpMs = clock.monotonicMs();
  let isBehind = false;
  let hasKey = false;
  let dueMs = clock.monotonicMs() + FRAME_WITHIN_MS;
  const ended = new AbortController();

  async function watchFrames(): Promise<void> {
    while (!ended.signal.aborted) {
      await clock.sleep(Math.max(0, dueMs - clock.monotonicMs()), ended.signal);
      await clock.sleep(CHECK_AGAIN_MS, ended.signal);
      if (ended.signal.aborted || clock.monotonicMs() < dueMs) continue;
      decoders.end((hasKey ? noFrameError : noKeyFrameError)(camera, FRAME_WITHIN_MS / 1000));
      return;
    }
  }

  void watchFrames();
  try {
    for await (const unit of session.units()) {
      const { state, timeMs } = frameTime(time, unit);
      time = state;
      onUnit(unit);
      apply({ type: "unit", unit: { ...unit, timeMs } });

      const nowMs = clock.monotonicMs();
      hasKey ||= unit.isKey;
      if (hasKey) dueMs = nowMs + FRAME_WITHIN_MS;
      if (decoders.backlogBytes() < BEHIND_BYTES) caughtUpMs = nowMs;
      if (isBehind === nowMs - caughtUpMs > BEHIND_MS) continue;
      isBehind = !isBehind;
      apply({ type: "backlog", isBehind });
    }
    decoders.end(undefined);
  } catch (error) {
    decoders.end(error);
  } finally {
    ended.abort();
  }
}
