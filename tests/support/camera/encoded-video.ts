import { execFileSync } from "node:child_process";

/** ffmpeg's names of elementary streams. */
export type StreamFormat = "h264" | "hevc" | "mjpeg" | "m4v" | "ivf";

/** Encodes a moving test picture. @param options of ffmpeg's encoder */
export function encodeVideo(
  format: StreamFormat,
  options: readonly string[],
  { size = "320x180", frames = 60, rate = 25 } = {},
): Buffer {
  const source = ["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=${rate}`, "-frames:v", String(frames)];
  const words = ["-v", "error", ...source, ...options, "-f", format, "pipe:1"];
  return execFileSync("ffmpeg", words, { maxBuffer: 100e6, stdio: ["ignore", "pipe", "ignore"] });
}

export const X264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "veryfast"];
export const X265 = ["-c:v", "libx265", "-pix_fmt", "yuv420p", "-preset", "ultrafast"];

/** Encoder options of libx265, which writes to stderr otherwise. */
export function x265(options: string): string[] {
  return [...X265, "-x265-params", `log-level=none:${options}`];
}

/** Checksums of the frames that ffmpeg decodes, in display order. */
export function decodedFrames(format: StreamFormat, stream: Uint8Array): string[] {
  const words = [
    "-v",
    "error",
    "-f",
    format,
    "-i",
    "pipe:0",
    "-fps_mode",
    "passthrough",
    "-f",
    "framemd5",
    "-",
  ];
  const text = execFileSync("ffmpeg", words, { input: stream, stdio: ["pipe", "pipe", "ignore"] });
  return text
    .toString()
    .split("\n")
    .filter((line) => /^\d/.test(line))
    .map((line) => line.split(",").at(-1)?.trim() ?? "");
}

/** The NAL units of a stream with start codes, without them. */
export function nalUnits(stream: Buffer): Buffer[] {
  const units: Buffer[] = [];
  for (let at = stream.indexOf("\0\0\x01"); at >= 0; ) {
    const next = stream.indexOf("\0\0\x01", at + 3);
    let end = next < 0 ? stream.length : next;
    while (next >= 0 && stream[end - 1] === 0) end--;
    units.push(stream.subarray(at + 3, end));
    at = next;
  }
  return units;
}

/** The access units of a stream that was encoded with delimiters (`aud=1`), each a list of NAL units. */
export function accessUnits(codec: "H264" | "H265", stream: Buffer): Buffer[][] {
  const isDelimiter = ([first = 0]: Buffer) => (codec === "H264" ? (first & 31) === 9 : first >> 1 === 35);
  const units: Buffer[][] = [];
  for (const unit of nalUnits(stream)) {
    if (isDelimiter(unit)) units.push([]);
    units.at(-1)?.push(unit);
  }
  return units;
}

/** Frames in an IVF file. */
export function ivfFile(fourcc: string, frames: readonly Uint8Array[]): Buffer {
  const header = Buffer.alloc(32);
  header.write(`DKIF\0\0\x20\0${fourcc}`, "latin1");
  header.writeUInt32LE(25, 16);
  header.writeUInt32LE(1, 20);
  return Buffer.concat([
    header,
    ...frames.flatMap((frame, index) => {
      const border = Buffer.alloc(12);
      border.writeUInt32LE(frame.length);
      border.writeUInt32LE(index, 4);
      return [border, frame];
    }),
  ]);
}
