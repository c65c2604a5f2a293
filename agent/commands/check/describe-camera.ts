import type { Size } from "../../base/box.ts";
import { displaySize } from "../../camera/display.ts";
import { isKeyIntervalCostly, MOST_KEY_SECONDS } from "../../camera/idle-mode.ts";
import type { ObservedStream } from "../../camera/observe-stream.ts";
import { encodingName } from "../../camera/rtsp/encoding-name.ts";
import type { SessionFacts } from "../../camera/rtsp/start-session.ts";
import { CODEC_NAMES, FAR_APART } from "../shared/stream-words.ts";
import type { Advice, Finding } from "./finding.ts";

/** What `check` learnt of a camera. */
export interface TriedCamera {
  readonly facts: SessionFacts;
  readonly observed: ObservedStream;
  /** `detect.width` and `detect.height`, pixels; undefined: the stream's own size. */
  readonly size: Size | undefined;
  /** Seconds from the connection to the first decoded frame. */
  readonly firstFrameSeconds: number;
  /** Why the hardware decoder of `ffmpeg.hwaccel_args` is not used, if it fails. */
  readonly hardwareFailure: string | undefined;
}

/** Describes a camera that works: its stream, what the agent does while nothing moves, and what should be changed. */
export function describeCamera(tried: TriedCamera): Finding {
  const { facts, observed, firstFrameSeconds } = tried;
  const { format, rotation, fps, keyFrameSeconds, idle } = observed;
  const shown = format && displaySize({ format, rotation });
  const { index, why } = facts.chosen;
  const parts = [
    `${shown === undefined ? "" : `${shown.width}×${shown.height} `}${CODEC_NAMES[facts.codec]} over ${facts.transport.toUpperCase()}`,
    facts.videoTracks > 1 ? `video track ${index + 1} of ${facts.videoTracks} (${CHOSEN[why]})` : undefined,
    fps === undefined ? "less than a frame per second" : rate(fps),
    keyFrameWords(observed),
    facts.audio.length === 0
      ? "no audio"
      : `audio ${facts.audio.map(({ encoding }) => encodingName(encoding)).join(", ")}`,
  ];
  return {
    words: parts.filter((part) => part !== undefined).join(", "),
    details: [
      `first frame after ${firstFrameSeconds.toFixed(1)} s; while nothing moves, ${idleWords(observed)}`,
    ],
    advice: adviceFor(tried),
    facts: {
      stream: {
        codec: facts.codec,
        width: shown?.width,
        height: shown?.height,
        fps: fps && round(fps),
        key_frame_seconds: keyFrameSeconds && round(keyFrameSeconds),
        transport: facts.transport,
        video_track: index + 1,
        video_tracks: facts.videoTracks,
        audio: facts.audio.map(({ encoding }) => encoding),
        login: facts.login,
        first_frame_seconds: round(firstFrameSeconds),
        idle: idle.idle,
        idle_reason: idle.reason,
      },
    },
  };
}

const CHOSEN: Readonly<Record<SessionFacts["chosen"]["why"], string>> = {
  only: "the only one",
  size: "it has the size of detect",
  codec: "H.264 and H.265 are preferred",
  first: "the first one",
};

function keyFrameWords({ fps, keyFrameSeconds, sinceKeySeconds }: ObservedStream): string {
  if (keyFrameSeconds === undefined) return `no second key frame within ${Math.floor(sinceKeySeconds)} s`;
  const isEvery = fps !== undefined && keyFrameSeconds * fps < 1.5;
  return isEvery ? "each a key frame" : `a key frame every ${rounded(keyFrameSeconds)} s`;
}

function idleWords({ fps, idle }: ObservedStream): string {
  if (idle.idle === "keyframes") return "only key frames are decoded";
  switch (idle.reason) {
    case "configured":
      return "all frames are decoded (detect.idle is all)";
    case "no_motion_detection":
      return "all frames are decoded (motion.enabled is false)";
    case "interlaced":
      return "all frames are decoded (the video is interlaced)";
    default:
      if (idle.reason === "far_apart" && !isKeyIntervalCostly(idle, fps)) {
        return "all frames are decoded (they are rare themselves)";
      }
      return `all frames are decoded (key frames must come at least every ${MOST_KEY_SECONDS} s)`;
  }
}

function adviceFor({ facts, observed, size, hardwareFailure }: TriedCamera): readonly Advice[] {
  const { format, rotation } = observed;
  const advice: readonly (Advice | undefined)[] = [
    facts.isPasswordExposed ? PASSWORD_EXPOSED : undefined,
    facts.isVideoExposed ? VIDEO_EXPOSED : undefined,
    isKeyIntervalCostly(observed.idle, observed.fps) ? FAR_APART : undefined,
    missedVisits(observed),
    observed.idle.reason === "interlaced" ? INTERLACED : undefined,
    size && format && distortion(size, displaySize({ format, rotation })),
    hardwareFailure === undefined
      ? undefined
      : {
          message: `the hardware decoder fails (${hardwareFailure}): the camera is decoded in software`,
          remedy:
            "Check that this machine has the device and its driver, and that the agent may open the device. Otherwise correct or remove ffmpeg.hwaccel_args of this camera.",
        },
  ];
  return advice.filter((one) => one !== undefined);
}

/** Only where the user asks for it are key frames decoded that are further apart. */
function missedVisits({ idle, keyFrameSeconds, sinceKeySeconds }: ObservedStream): Advice | undefined {
  const seconds = keyFrameSeconds ?? sinceKeySeconds;
  if (idle.idle !== "keyframes" || idle.reason !== "configured" || seconds <= MOST_KEY_SECONDS)
    return undefined;
  return {
    message: `key frames are ${rounded(seconds)} s apart: visits that are shorter may be missed`,
    remedy: `Set the camera's key frame interval (GOP, I-frame interval) to at most ${MOST_KEY_SECONDS} s, or detect.idle to auto.`,
  };
}

/** Frames that are wider or narrower than this, compared with their height, look odd to the detector. */
const MOST_DISTORTION = 1.25;

/** A camera on its side whose `detect` still has the size of frames that are not rotated is the usual case. */
function distortion(size: Size, own: Size): Advice | undefined {
  const stretch = (size.width * own.height) / (size.height * own.width);
  if (Math.max(stretch, 1 / stretch) <= MOST_DISTORTION) return undefined;
  return {
    message: `detect makes the frames ${size.width}×${size.height}, but they are ${own.width}×${own.height}: objects are distorted`,
    remedy: "Set detect.width and detect.height in the proportions of the frames, or remove both.",
  };
}

const PASSWORD_EXPOSED: Advice = {
  message: "the camera receives the password unencrypted (Basic without TLS)",
  remedy: "Set its RTSP authentication to Digest, or use an rtsps:// address.",
};
const VIDEO_EXPOSED: Advice = {
  message:
    "the camera sends the video unencrypted, although the address is rtsps://, because transport is udp",
  remedy: "Set the transport of this camera to tcp or auto.",
};
const INTERLACED: Advice = {
  message: "the video is interlaced: while nothing moves, the camera costs several times the CPU time",
  remedy: "Set the camera to progressive video.",
};

function round(value: number): number {
  return Number(value.toFixed(1));
}

function rate(fps: number): string {
  return rounded(fps) === "1" ? "1 frame per second" : `${rounded(fps)} frames per second`;
}

function rounded(value: number): string {
  return String(round(value));
}
