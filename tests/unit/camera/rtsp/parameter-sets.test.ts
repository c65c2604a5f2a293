/** Parameter sets and frame headers of real encoders, compared with ffprobe. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { videoFormat } from "../../../../agent/camera/rtsp/parameter-sets.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";
import {
  encodeVideo,
  nalUnits,
  type StreamFormat,
  X264,
  X265,
  x265,
} from "../../../support/camera/encoded-video.ts";

/** What ffprobe reads from a stream. */
async function probe(format: StreamFormat, stream: Buffer) {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "stream");
  writeFileSync(file, stream);
  const entries = "stream=width,height,has_b_frames,sample_aspect_ratio,field_order";
  const words = ["-v", "error", "-f", format, "-i", file, "-show_entries", entries, "-of", "json"];
  const text = execFileSync("ffprobe", words);
  const { width, height, has_b_frames, sample_aspect_ratio } = JSON.parse(text.toString()).streams[0];
  const [numerator, denominator] = String(sample_aspect_ratio ?? "1:1")
    .split(":")
    .map(Number);
  const pixelAspect = numerator ? numerator / (denominator ?? 1) : 1;
  return { size: { width, height }, pixelAspect, reorderFrames: has_b_frames };
}

const isH264Set = ([first = 0]: Buffer) => (first & 31) === 7;
const isH265Set = ([first = 0]: Buffer) => first >> 1 === 33;
const pixels = (aspect: string) => ["-vf", `setsar=${aspect}`];
const x264 = (options: string) => [...X264, "-x264-params", options];

const ENCODINGS: readonly (readonly [StreamFormat, string, readonly string[]])[] = [
  ["h264", "1920x1080", X264],
  ["h264", "640x360", [...X264, "-profile:v", "baseline"]],
  ["h264", "642x362", [...X264, "-bf", "3"]],
  ["h264", "720x576", x264("interlaced=1")],
  ["h264", "720x484", [...x264("interlaced=1"), ...pixels("10/11")]],
  ["h264", "352x288", [...x264("bframes=0"), ...pixels("2/1")]],
  ["h264", "352x288", [...x264("bframes=3:b-pyramid=none"), ...pixels("17/13")]],
  ["h264", "640x480", x264("nal-hrd=vbr:vbv-maxrate=1000:vbv-bufsize=1000:range=on:colorprim=bt709")],
  ["h264", "640x480", ["-c:v", "libx264", "-pix_fmt", "yuv422p", "-bf", "3"]],
  ["h264", "638x478", ["-c:v", "libx264", "-pix_fmt", "yuv444p", "-x264-params", "cqm=jvt"]],
  ["h264", "638x478", ["-c:v", "libx264", "-pix_fmt", "yuv420p10le"]],
  ["h264", "638x478", ["-c:v", "libx264", "-pix_fmt", "gray"]],
  ["hevc", "1920x1080", x265("bframes=3")],
  ["hevc", "642x362", x265("bframes=0")],
  ["hevc", "640x480", [...x265("b-pyramid=0"), ...pixels("2/1")]],
  [
    "hevc",
    "640x480",
    [...x265("scaling-list=default:hrd=1:vbv-maxrate=1000:vbv-bufsize=1000"), ...pixels("17/13")],
  ],
  ["hevc", "640x480", x265("ref=5:bframes=4:temporal-layers=3")],
  ["hevc", "640x480", ["-c:v", "libx265", "-pix_fmt", "yuv422p10le", "-x265-params", "log-level=none"]],
  ["hevc", "638x478", ["-c:v", "libx265", "-pix_fmt", "yuv444p", "-x265-params", "log-level=none"]],
  ["m4v", "642x362", ["-c:v", "mpeg4"]],
  ["m4v", "640x480", ["-c:v", "mpeg4", "-bf", "2", "-aspect", "16:9"]],
  ["m4v", "640x480", ["-c:v", "mpeg4", ...pixels("17/13")]],
  ["mjpeg", "642x362", ["-pix_fmt", "yuvj420p"]],
];

describe("videoFormat", () => {
  test.each(ENCODINGS)("reads of %s %s %j what ffprobe reads", async (format, size, options) => {
    const stream = encodeVideo(format, options, { size, frames: 5 });
    const codec = ({ h264: "H264", hevc: "H265", m4v: "MPEG4", mjpeg: "MJPEG" } as const)[format as "h264"];
    const isSet = codec === "H264" ? isH264Set : isH265Set;
    const isNal = format === "h264" || format === "hevc";
    const unit = isNal ? nalUnits(stream).find(isSet) : stream;
    expect(videoFormat(codec, unit ?? Buffer.alloc(0))).toMatchObject(await probe(format, stream));
  });

  test.each([
    ["h264", X264, false],
    ["h264", x264("interlaced=1"), true],
    ["hevc", X265, false],
    ["hevc", x265("interlace=tff"), true],
  ] as const)("says whether frames may be fields: %s %j", (format, options, isInterlaced) => {
    const stream = encodeVideo(format, options, { size: "640x480", frames: 4 });
    const unit = nalUnits(stream).find(format === "h264" ? isH264Set : isH265Set) ?? Buffer.alloc(0);
    expect(videoFormat(format === "h264" ? "H264" : "H265", unit)?.isInterlaced).toBe(isInterlaced);
  });

  test("reads VP8 key frames", () => {
    const stream = encodeVideo("ivf", ["-c:v", "libvpx"], { size: "642x362", frames: 2 });
    const frame = stream.subarray(44);
    expect(videoFormat("VP8", frame)?.size).toEqual({ width: 642, height: 362 });
    expect(videoFormat("VP8", Buffer.concat([Buffer.from([1]), frame.subarray(1)]))).toBeUndefined();
  });

  test("ignores a usability information that ends too early, and cropping that leaves nothing", () => {
    const stream = encodeVideo("h264", [...X264, ...pixels("2/1")], { size: "640x360", frames: 1 });
    const unit = nalUnits(stream).find(isH264Set) ?? Buffer.alloc(0);
    const whole = videoFormat("H264", unit);
    expect(whole).toMatchObject({ size: { width: 640, height: 360 }, pixelAspect: 2 });
    const lengths = unit.keys().map((length) => videoFormat("H264", unit.subarray(0, length))?.size.height);
    const heights = [...new Set(lengths)];
    expect(heights).toEqual([undefined, 360]);
  });
});
