import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TimedUnit } from "../../../agent/camera/decode-plan.ts";
import type { VideoCodec, VideoFormat } from "../../../agent/camera/rtsp/access-unit.ts";

const QUIET = ["-hide_banner", "-loglevel", "error", "-nostdin", "-y"];

/** Encoders that work in one thread and without look-ahead, so that clips are small and always the same. */
export const ENCODERS = {
  H264: ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0"],
  H265: ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:bframes=0"],
  MJPEG: ["-c:v", "mjpeg"],
  MPEG4: ["-c:v", "mpeg4", "-bf", "0"],
  VP8: ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8"],
} as const satisfies Readonly<Record<VideoCodec, readonly string[]>>;

export interface EncodedClip {
  /** Default: the encoder of `ENCODERS`. */
  readonly encoder?: readonly string[];
  /** An ffmpeg source. Default: the test pattern, 320×240. */
  readonly source?: string;
  /** Frames, 10 per second. */
  readonly frames?: number;
  /** Frames from one key frame to the next. */
  readonly keyEvery?: number;
  readonly format?: Partial<VideoFormat>;
}

/** Encodes a clip and cuts it into access units, as a depacketizer of this codec delivers them. */
export function accessUnitsOf(codec: VideoCodec, clip: EncodedClip = {}): readonly TimedUnit[] {
  const { encoder = ENCODERS[codec], frames = 20, keyEvery = 10 } = clip;
  const { source = "testsrc2=size=320x240:rate=10" } = clip;
  const folder = mkdtempSync(join(tmpdir(), "sabrewing-units-"));
  try {
    const file = join(folder, "clip.nut");
    const input = ["-f", "lavfi", "-i", source, "-frames:v", String(frames), "-g", String(keyEvery)];
    const pixels = ["-pix_fmt", codec === "MJPEG" ? "yuvj420p" : "yuv420p"];
    execFileSync("ffmpeg", [...QUIET, ...input, ...encoder, ...pixels, file], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const copy = [...QUIET, "-i", file, "-map", "0:v", "-c", "copy", "-bsf:v", "dump_extra"];
    const data = execFileSync("ffmpeg", [...copy, "-f", "data", "pipe:1"], { maxBuffer: 1e9 });
    const list = execFileSync("ffmpeg", [...copy, "-copyts", "-f", "framecrc", "pipe:1"]).toString();
    return cut(data, list, formatOf({ codec, ...clip.format }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A format of H.264 with square pixels and without B frames; 320×240 by default. */
export function formatOf(given: Partial<VideoFormat> = {}): VideoFormat {
  const { size = { width: 320, height: 240 } } = given;
  const coded = { width: 16 * Math.ceil(size.width / 16), height: 16 * Math.ceil(size.height / 16) };
  return {
    codec: "H264",
    size,
    codedSize: coded,
    pixelAspect: 1,
    reorderFrames: 0,
    isInterlaced: false,
    ...given,
  };
}

/** `0, 512, 1024, 512, 4711, 0x1a2b3c4d, F=0x0`: stream, decoding and presentation time, duration, bytes; F: no key frame. */
function cut(data: Uint8Array, list: string, format: VideoFormat): readonly TimedUnit[] {
  const timeBase = Number(/^#tb 0: 1\/(\d+)/m.exec(list)?.[1]);
  let at = 0;
  return [...list.matchAll(/^0, +(-?\d+), +(-?\d+), +\d+, +(\d+), 0x[0-9a-f]+(.*)$/gm)].map(
    ([, , pts, size, flags = ""], index) => {
      const bytes = Number(size);
      at += bytes;
      const isKey = !flags.includes("F=0x0");
      return {
        data: Uint8Array.from(data.subarray(at - bytes, at)),
        bytes,
        isKey,
        ...(isKey ? { format } : {}),
        rotation: 0,
        streamSeconds: Number(pts) / timeBase,
        arrivedMs: index * 100,
        timeMs: index * 100,
        isDamaged: false,
      };
    },
  );
}
