import { describe, expect, test } from "vitest";
import type { ObservedStream } from "../../../../agent/camera/observe-stream.ts";
import type { Track } from "../../../../agent/camera/rtsp/description.ts";
import type { SessionFacts } from "../../../../agent/camera/rtsp/start-session.ts";
import { forPeople } from "../../../../agent/commands/check/check.ts";
import { describeCamera, type TriedCamera } from "../../../../agent/commands/check/describe-camera.ts";
import { formatOf } from "../../../support/camera/access-units.ts";

const FACTS: SessionFacts = {
  codec: "H264",
  format: undefined,
  transport: "tcp",
  login: "digest",
  isPasswordExposed: false,
  isVideoExposed: false,
  audio: [],
  videoTracks: 1,
  chosen: { index: 0, why: "only" },
};
const OBSERVED: ObservedStream = {
  format: formatOf({ size: { width: 1920, height: 1080 } }),
  rotation: 0,
  fps: 25,
  keyFrameSeconds: 2,
  sinceKeySeconds: 1,
  idle: { idle: "keyframes", reason: "close", keyFrameSeconds: 2 },
  isComplete: true,
};

const AUDIO: Track = {
  payloadType: 0,
  encoding: "PCMU",
  clockRate: 8000,
  channels: 1,
  fmtp: {},
  control: undefined,
};

interface Given {
  readonly facts?: Partial<SessionFacts>;
  readonly observed?: Partial<ObservedStream>;
  readonly size?: TriedCamera["size"];
  readonly hardwareFailure?: string;
}

function tried({ facts, observed, size, hardwareFailure }: Given): TriedCamera {
  return {
    facts: { ...FACTS, ...facts },
    observed: { ...OBSERVED, ...observed },
    size,
    firstFrameSeconds: 0.42,
    hardwareFailure,
  };
}

const shown = (given: Given) =>
  forPeople({ part: "camera door", finding: describeCamera(tried(given)), error: undefined });

const ALL = (reason: ObservedStream["idle"]["reason"]): Partial<ObservedStream> => ({
  idle: { idle: "all", reason, keyFrameSeconds: undefined },
});

test("a good camera takes two lines", () => {
  expect(shown({})).toBe(
    `✓ camera door      1920×1080 H.264 over TCP, 25 frames per second, a key frame every 2 s, no audio
  first frame after 0.4 s; while nothing moves, only key frames are decoded`,
  );
});

test("a camera that wastes CPU and shows its password gets a line with the remedy for each", () => {
  const far = { keyFrameSeconds: undefined, sinceKeySeconds: 8.3, ...ALL("far_apart") };
  expect(shown({ facts: { login: "basic", isPasswordExposed: true }, observed: far })).toBe(
    `✓ camera door      1920×1080 H.264 over TCP, 25 frames per second, no second key frame within 8 s, no audio
  first frame after 0.4 s; while nothing moves, all frames are decoded (key frames must come at least every 2.5 s)
  ! the camera receives the password unencrypted (Basic without TLS)
  → Set its RTSP authentication to Digest, or use an rtsps:// address.
  ! key frames are too far apart: while nothing moves, the camera costs several times the CPU time
  → Set its key frame interval (GOP, I-frame interval) to at most 2.5 s, and switch "smart" codecs (H.264+, H.265+) off.`,
  );
});

test("check does not ask for more key frames than the camera has frames", () => {
  const rare = { fps: 0.2, keyFrameSeconds: 5, ...ALL("far_apart") };
  expect(shown({ observed: rare })).toBe(
    `✓ camera door      1920×1080 H.264 over TCP, 0.2 frames per second, each a key frame, no audio
  first frame after 0.4 s; while nothing moves, all frames are decoded (they are rare themselves)`,
  );
});

test("check warns about visits that may be missed only where key frames are far apart on purpose", () => {
  const forced = (keyFrameSeconds: number | undefined) => ({
    ...{ keyFrameSeconds, sinceKeySeconds: 8.2 },
    idle: { idle: "keyframes", reason: "configured", keyFrameSeconds } as const,
  });
  const warning = (seconds: number) =>
    `! key frames are ${seconds} s apart: visits that are shorter may be missed`;
  expect(shown({ observed: forced(10) })).toContain(warning(10));
  expect(shown({ observed: forced(undefined) })).toContain(warning(8.2));
  expect(shown({ observed: forced(2) })).not.toContain("!");
});

test("check warns about a size of detect that distorts the frames, also after their rotation", () => {
  const landscape = { width: 1280, height: 720 };
  expect(shown({ size: landscape })).not.toContain("!");
  expect(shown({ size: { width: 704, height: 480 } })).not.toContain("!");
  expect(shown({ size: landscape, observed: { rotation: 90 } })).toContain(
    "! detect makes the frames 1280×720, but they are 1080×1920: objects are distorted\n  → Set detect.width",
  );
});

test("check warns about video that is not encrypted although the address is rtsps://", () => {
  expect(shown({ facts: { transport: "udp", isVideoExposed: true } })).toContain(
    "! the camera sends the video unencrypted, although the address is rtsps://, because transport is udp\n  → Set",
  );
});

describe("the description of a camera", () => {
  test.each<[string, Given, string]>([
    ["says one frame in the singular", { observed: { fps: 1.02 } }, ", 1 frame per second,"],
    [
      "names the video track and why it is used",
      { facts: { videoTracks: 2, chosen: { index: 1, why: "codec" } } },
      "video track 2 of 2 (H.264 and H.265 are preferred)",
    ],
    [
      "names the audio",
      { facts: { audio: [AUDIO], codec: "H265", transport: "udp" } },
      "H.265 over UDP, 25 frames per second, a key frame every 2 s, audio PCMU",
    ],
    [
      "names AAC as users know it",
      { facts: { audio: [{ ...AUDIO, encoding: "MPEG4-GENERIC" }, AUDIO] } },
      "audio AAC, PCMU",
    ],
    ["shows frames upright", { observed: { rotation: 90 } }, "1080×1920 H.264"],
    [
      "shows frames with square pixels",
      { observed: { format: formatOf({ size: { width: 384, height: 432 }, pixelAspect: 2 }) } },
      "768×432 H.264",
    ],
    [
      "rounds figures",
      { observed: { fps: 12.4999, keyFrameSeconds: 1.96 } },
      "12.5 frames per second, a key frame every 2 s",
    ],
    ["knows rare frames", { observed: { fps: undefined } }, "less than a frame per second"],
    ["knows streams of key frames", { observed: { keyFrameSeconds: 0.04 } }, "each a key frame"],
    [
      "says that all is configured",
      { observed: ALL("configured") },
      "all frames are decoded (detect.idle is all)",
    ],
    [
      "says that motion detection is off",
      { observed: ALL("no_motion_detection") },
      "(motion.enabled is false)",
    ],
    ["advises progressive video", { observed: ALL("interlaced") }, "! the video is interlaced"],
    [
      "names the failure of a hardware decoder",
      { hardwareFailure: "no device" },
      "! the hardware decoder fails (no device): the camera is decoded in software",
    ],
  ])("%s", (_what, given, expected) => {
    expect(shown(given)).toContain(expected);
  });
});

test("scripts get the same facts as fields", () => {
  expect(describeCamera(tried({ facts: { audio: [AUDIO] } })).facts).toEqual({
    stream: {
      codec: "H264",
      width: 1920,
      height: 1080,
      fps: 25,
      key_frame_seconds: 2,
      transport: "tcp",
      video_track: 1,
      video_tracks: 1,
      audio: ["PCMU"],
      login: "digest",
      first_frame_seconds: 0.4,
      idle: "keyframes",
      idle_reason: "close",
    },
  });
});
