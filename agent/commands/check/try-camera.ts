import type { Clock } from "../../base/clock.ts";
import { TransientError } from "../../base/errors.ts";
import { displaySize } from "../../camera/display.ts";
import { MOST_KEY_SECONDS } from "../../camera/idle-mode.ts";
import { type ObservedStream, observeStream } from "../../camera/observe-stream.ts";
import { readCamera } from "../../camera/read-camera.ts";
import type { VideoCodec } from "../../camera/rtsp/access-unit.ts";
import { noKeyFrameError } from "../../camera/rtsp/reasons.ts";
import type { SessionFacts } from "../../camera/rtsp/start-session.ts";
import type { CameraConfig } from "../../config/schema.ts";

export interface TryCameraOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Milliseconds until the first frame must have arrived. */
  readonly cameraWithinMs: number;
}

/** After the first frame, the stream is watched for at most this long to see how often key frames come. */
const WATCH_MS = 8_000;

/**
 * Opens a camera as `run` does, waits for its first frame, and watches its stream.
 * @returns a description of the stream
 */
export async function tryCamera(
  camera: CameraConfig,
  { clock, signal, cameraWithinMs }: TryCameraOptions,
): Promise<string> {
  const { name, detect, motion, ffmpeg } = camera;
  const { width, height, fps } = detect;
  const [{ path: address, transport }] = ffmpeg.inputs;
  const size = width === undefined || height === undefined ? undefined : { width, height };
  const observer = observeStream({ idle: detect.idle, hasMotionDetection: motion.enabled });
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), cameraWithinMs);
  const startedMs = clock.monotonicMs();
  let facts: SessionFacts | undefined;
  let firstMs: number | undefined;
  let softwareReason: string | undefined;
  try {
    const frames = readCamera(
      { camera: name, address, transport, size, fps, hwaccelArgs: ffmpeg.hwaccel_args },
      {
        clock,
        signal: AbortSignal.any([signal, patience.signal]),
        onSession: (session) => {
          facts = session.facts;
        },
        onUnit: observer.add,
        onHardwareFailure: (reason) => {
          softwareReason = reason;
        },
      },
    );
    for await (const _frame of frames) {
      const nowMs = clock.monotonicMs();
      firstMs ??= nowMs;
      if (observer.observed().isComplete || nowMs - firstMs >= WATCH_MS) break;
    }
  } catch (error) {
    // It has worked until now: a failure while the stream is watched longer must not hide that.
    if (firstMs === undefined) throw error;
  } finally {
    clearTimeout(timer);
  }
  if (facts !== undefined && firstMs !== undefined) {
    const described = describe(facts, observer.observed(), (firstMs - startedMs) / 1000);
    return softwareReason === undefined
      ? described
      : `${described}, warning: the hardware decoder fails (${softwareReason}), so frames are decoded in software`;
  }
  // Key frames arrived: the camera is not to blame.
  if (observer.observed().format !== undefined) {
    throw new TransientError(
      `${name}: no frame decoded within ${cameraWithinMs / 1000} s, although the camera sends key frames`,
      "This machine may be too busy or too slow for the stream. Try again, or choose a smaller stream of the camera.",
    );
  }
  throw facts === undefined
    ? new TransientError(
        `${name}: no frame within ${cameraWithinMs / 1000} s`,
        "Check that the camera is on and that the address and port are right.",
      )
    : noKeyFrameError(name, cameraWithinMs / 1000);
}

const CODECS: Readonly<Record<VideoCodec, string>> = {
  H264: "H.264",
  H265: "H.265",
  MJPEG: "MJPEG",
  MPEG4: "MPEG-4",
  VP8: "VP8",
};

/** `1920×1080 H.264 by TCP, 25 frames per second, a key frame every 2 s, …` */
function describe(facts: SessionFacts, stream: ObservedStream, firstSeconds: number): string {
  const { format, rotation, fps, keyFrameSeconds } = stream;
  const shown = format === undefined ? undefined : displaySize({ format, rotation });
  const parts = [
    `${shown === undefined ? "" : `${shown.width}×${shown.height} `}${CODECS[facts.codec]} over ${facts.transport.toUpperCase()}`,
    fps === undefined ? "less than a frame per second" : `${rounded(fps)} frames per second`,
    keyFrameSeconds === undefined ? undefined : `a key frame every ${rounded(keyFrameSeconds)} s`,
    facts.videoTracks > 1
      ? `video track ${facts.chosen.index + 1} of ${facts.videoTracks} (${CHOSEN[facts.chosen.why]})`
      : undefined,
    facts.audio.length === 0 ? "no audio" : `audio ${facts.audio.map(({ encoding }) => encoding).join(", ")}`,
    `first frame after ${firstSeconds.toFixed(1)} s`,
    idleWords(stream),
    facts.isPasswordExposed ? PASSWORD_EXPOSED : undefined,
    facts.isVideoExposed ? VIDEO_EXPOSED : undefined,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

const CHOSEN: Readonly<Record<SessionFacts["chosen"]["why"], string>> = {
  only: "the only one",
  size: "it has the size of detect",
  codec: "H.264 and H.265 are preferred",
  first: "the first one",
};

const PASSWORD_EXPOSED =
  "warning: the camera receives the password unencrypted (Basic without TLS): set its RTSP authentication to Digest, or use rtsps://";

const VIDEO_EXPOSED =
  "warning: the camera sends the video unencrypted, although the address is rtsps://, because `transport` is udp: set it to tcp";

function idleWords({ idle: { idle, reason, keyFrameSeconds } }: ObservedStream): string {
  if (idle === "keyframes") return "while nothing moves, only key frames are decoded";
  const all = "all frames are decoded, also while nothing moves";
  switch (reason) {
    case "far_apart":
    case "measuring":
      return `${all}: key frames come ${keyFrameSeconds === undefined ? "too rarely" : `only every ${rounded(keyFrameSeconds)} s`}. To save CPU, set the key frame interval (GOP, I-frame interval) of the camera to at most ${MOST_KEY_SECONDS} s, and switch "smart" codecs off`;
    case "interlaced":
      return `${all}: the video is interlaced. To save CPU, set the camera to progressive`;
    case "no_motion_detection":
      return `${all}: motion.enabled is false`;
    default:
      return `${all}: detect.idle is ${reason === "configured" ? "all" : "auto"}`;
  }
}

function rounded(value: number): string {
  return String(Number(value.toFixed(1)));
}
