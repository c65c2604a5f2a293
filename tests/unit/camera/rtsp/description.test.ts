import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { readDescription } from "../../../../agent/camera/rtsp/description.ts";
import { codedSize } from "../../../../agent/camera/rtsp/parameter-sets.ts";

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
    expect(codedSize("H264", unit)).toEqual(coded);
  });

  test.each(["640x480", "1920x1080", "3840x2160"])("reads the size of H.265, %s", (size) => {
    const [width = 0, height = 0] = size.split("x").map(Number);
    const options = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"];
    const coded = codedSize("H265", parameterSet("hevc", size, [...options, "-pix_fmt", "yuv420p"]));
    expect(coded).toEqual({ width, height: Math.ceil(height / 16) * 16 });
  });

  test.each([
    ["empty", Buffer.alloc(0)],
    ["cut off", Buffer.from("Z0IAKQ", "base64")],
    ["another unit", Buffer.from("aM48gA==", "base64")],
    ["only zeros", Buffer.from([0x67, ...Array(400).fill(0)])],
    ["only ones", Buffer.from([0x67, ...Array(400).fill(255)])],
  ])("does not hang on %s", (_what, unit) => {
    for (const codec of ["H264", "H265"] as const) codedSize(codec, unit);
    expect(codedSize("H265", unit)).toBeUndefined();
  });
});

describe("readDescription", () => {
  test("counts the streams and finds the largest frame size", () => {
    const sprop = "a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0IAKeKQFAe2AtwEBAaQeJEV,aM48gA==";
    const video = `m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n${sprop}\r\na=control:track1\r\n`;
    const description = readDescription(
      `${HEAD}a=control:*\r\nm=audio 0 RTP/AVP 0\r\na=control:track0\r\n${video}`,
    );
    expect(description).toEqual({ streams: 2, size: { width: 640, height: 480 } });
  });

  test("accepts a description without streams or sizes", () => {
    expect(readDescription("")).toEqual({ streams: 0, size: undefined });
    expect(readDescription(`${HEAD}m=video 0 RTP/AVP 26\r\n`)).toMatchObject({ streams: 1, size: undefined });
  });
});
