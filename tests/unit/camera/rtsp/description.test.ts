import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readDescription } from "../../../../agent/camera/rtsp/description.ts";
import { videoFormat } from "../../../../agent/camera/rtsp/parameter-sets.ts";
import { H264_TRACK, SPROP } from "../../../support/camera/scripted-camera.ts";

const HEAD = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n";

/** The first parameter set of a stream that ffmpeg encodes with these options. */
function parameterSet(format: "h264" | "hevc", size: string, options: readonly string[]): Buffer {
  const source = ["-f", "lavfi", "-i", `color=c=gray:s=${size}:r=1:d=1`, "-frames:v", "1"];
  const words = ["-v", "error", ...source, ...options, "-f", format, "pipe:1"];
  const bytes = execFileSync("ffmpeg", words, { maxBuffer: 100e6, stdio: ["ignore", "pipe", "ignore"] });
  const isSet = (head: number) => (format === "h264" ? (head & 31) === 7 : ((head >> 1) & 63) === 33);
  for (let at = bytes.indexOf("\0\0\x01"); at >= 0; at = bytes.indexOf("\0\0\x01", at + 3)) {
    const next = bytes.indexOf("\0\0\x01", at + 3);
    if (isSet(bytes[at + 3] ?? 0)) return bytes.subarray(at + 3, next < 0 ? undefined : next);
  }
  throw new Error("no parameter set");
}

describe("codedSize", () => {
  test.each([
    ["640x480", ["-pix_fmt", "yuv420p", "-profile:v", "baseline"]],
    ["1920x1080", ["-pix_fmt", "yuv420p", "-profile:v", "high"]],
    ["640x480", ["-pix_fmt", "yuv444p", "-x264-params", "cqm=jvt"]],
    ["720x576", ["-pix_fmt", "yuv420p", "-x264-params", "interlaced=1"]],
    ["3840x2160", ["-pix_fmt", "yuv420p", "-preset", "ultrafast"]],
  ])("reads the size of H.264, %s %j", (size, options) => {
    const [width = 0, height = 0] = size.split("x").map(Number);
    const unit = parameterSet("h264", size, ["-c:v", "libx264", ...options]);
    // Rounded up to whole macroblocks, or pairs of macroblocks for interlaced video.
    const step = options.includes("interlaced=1") ? 32 : 16;
    const coded = { width: Math.ceil(width / 16) * 16, height: Math.ceil(height / step) * step };
    expect(videoFormat("H264", unit)?.codedSize).toEqual(coded);
  });

  test.each(["640x480", "1920x1080", "3840x2160"])("reads the size of H.265, %s", (size) => {
    const [width = 0, height = 0] = size.split("x").map(Number);
    const options = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"];
    const coded = videoFormat(
      "H265",
      parameterSet("hevc", size, [...options, "-pix_fmt", "yuv420p"]),
    )?.codedSize;
    expect(coded).toEqual({ width, height: Math.ceil(height / 16) * 16 });
  });

  test.each([
    ["empty", Buffer.alloc(0)],
    ["cut off", Buffer.from("Z0IAKQ", "base64")],
    ["another unit", Buffer.from("aM48gA==", "base64")],
    ["only zeros", Buffer.from([0x67, ...Array(400).fill(0)])],
    ["only ones", Buffer.from([0x67, ...Array(400).fill(255)])],
  ])("does not hang on %s", (_what, unit) => {
    for (const codec of ["H264", "H265"] as const) videoFormat(codec, unit);
    expect(videoFormat("H265", unit)).toBeUndefined();
  });
});

describe("a description", () => {
  test("may state a number of ports", () => {
    const { video, audio } = readDescription(
      `${HEAD}m=${H264_TRACK.replace("video 0", "video 49170/2")}\r\nm=audio 0/2 RTP/AVP 8\r\n`,
    );
    expect([...video, ...audio].map(({ encoding }) => encoding)).toEqual(["H264", "PCMA"]);
  });

  test("has tracks with their parameters", () => {
    const { tracks, control, video, audio } = readDescription(
      `${HEAD}a=control:*\r\n${[
        `${H264_TRACK}\r\na=x-dimensions:704,576\r\n`,
        "audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/16000/2\r\na=fmtp:97 Mode=AAC-hbr; config=1408\r\n",
        "application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n",
      ]
        .map((media) => `m=${media}`)
        .join("")}`,
    );
    expect({ tracks, control }).toEqual({ tracks: 3, control: "*" });
    expect(video).toMatchObject([
      {
        ...{ payloadType: 96, encoding: "H264", codec: "H264", clockRate: 90_000, control: "track1" },
        format: { size: { width: 640, height: 480 } },
        size: { width: 704, height: 576 },
      },
    ]);
    expect(audio).toEqual([
      {
        ...{ payloadType: 97, encoding: "MPEG4-GENERIC", clockRate: 16_000, channels: 2, control: undefined },
        fmtp: { mode: "AAC-hbr", config: "1408" },
      },
    ]);
  });

  test.each([
    ["26", { codec: "MJPEG", encoding: "JPEG", clockRate: 90_000 }],
    ["96\r\na=rtpmap:96 hevc/90000", { codec: "H265" }],
    ["96\r\na=rtpmap:96 MP4V-ES/90000", { codec: "MPEG4" }],
    [
      "96\r\na=rtpmap:96 VP8/90000\r\na=framesize:96 320-240",
      { codec: "VP8", size: { width: 320, height: 240 } },
    ],
    ["32", { codec: undefined, encoding: "MPV" }],
    ["98 97\r\na=rtpmap:97 H264/90000\r\na=rtpmap:98 AV1/90000", { codec: "H264", payloadType: 97 }],
    ["96\r\na=rtpmap:96 H264/90000\r\na=control:0", { control: "0" }],
    [`96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 sprop-parameter-sets=${SPROP};x=${SPROP}`, { codec: "H264" }],
  ])("reads the video %j", (media, track) => {
    expect(readDescription(`${HEAD}m=video 0 RTP/AVP ${media}\r\n`).video).toMatchObject([track]);
  });

  test.each([
    "",
    "m=",
    "m=video",
    "m=video 0 RTP/AVP",
    "m=video 0 RTP/AVP 96",
    "m=video 0 RTP/AVP 128\r\na=rtpmap:128 H264/90000",
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/0",
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/9999999",
    `m=video 0 RTP/AVP 96\r\na=rtpmap:96 ${"X".repeat(31)}/90000`,
  ])("%j has no video that can be played", (sdp) => {
    expect(readDescription(`${HEAD}${sdp}\r\n`).video).toEqual([]);
  });

  test.each([
    [`sprop-parameter-sets=${SPROP}`, { codec: "H264", payloadType: 96, clockRate: 90_000 }],
    [
      "config=000001b001000001b58913000001000000012000c48d8800f514043c1463000001b24c61766335392e33372e313030",
      { codec: "MPEG4" },
    ],
  ])("without a=rtpmap names its codec by the parameters %s", (fmtp, track) => {
    const { video, unnamedVideo } = readDescription(`${HEAD}m=video 0 RTP/AVP 96\r\na=fmtp:96 ${fmtp}\r\n`);
    expect(video).toMatchObject([track]);
    expect(unnamedVideo).toEqual([]);
  });

  test.each(["", "a=fmtp:96 packetization-mode=1\r\n", "a=fmtp:96 sprop-parameter-sets=aM48gA==\r\n"])(
    "without a=rtpmap and with %j has a video without a codec",
    (lines) => {
      const { video, unnamedVideo } = readDescription(`${HEAD}m=video 0 RTP/AVP 96\r\n${lines}`);
      expect({ video, unnamedVideo }).toEqual({ video: [], unnamedVideo: [96] });
    },
  );

  test("of more than 32 tracks is counted only", () => {
    const sdp = HEAD + `m=${H264_TRACK}\r\n`.repeat(33);
    expect(readDescription(sdp)).toEqual({
      tracks: 33,
      control: undefined,
      video: [],
      unnamedVideo: [],
      audio: [],
    });
  });

  test("may be anything", () => {
    const valid = Buffer.from(`${HEAD}m=${H264_TRACK}\r\nm=audio 0 RTP/AVP 8\r\n`);
    const change = fc.tuple(fc.nat(valid.length), fc.nat(20), fc.string({ maxLength: 20 }));
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        let text = valid.toString();
        for (const [at, length, word] of changes) text = text.slice(0, at) + word + text.slice(at + length);
        for (const { clockRate, payloadType } of readDescription(text).video) {
          expect(clockRate).toBeGreaterThan(0);
          expect(payloadType).toBeLessThan(128);
        }
      }),
    );
  });
});
