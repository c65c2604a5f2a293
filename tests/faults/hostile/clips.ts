import { execFileSync } from "node:child_process";
import { join } from "node:path";

const QUIET = ["-hide_banner", "-loglevel", "error", "-nostdin", "-y"];
const SMALL_MEMORY = [
  "-preset",
  "ultrafast",
  "-tune",
  "zerolatency",
  "-x264-params",
  "threads=1:rc-lookahead=0",
];

/** Two grey frames of 16000×16000 in 750 kB of H.264, which take a decoder 1.2 GB. */
export function giantClip(folder: string): string {
  const file = join(folder, "giant.mp4");
  const source = ["-f", "lavfi", "-i", "color=c=gray:s=64x64:r=1:d=2", "-vf", "scale=16000:16000"];
  execFileSync("ffmpeg", [...QUIET, ...source, "-c:v", "libx264", ...SMALL_MEMORY, file]);
  return file;
}

/** Two seconds of 320×240 in H.264. */
export function smallClip(folder: string): string {
  const file = join(folder, "small.mp4");
  const source = ["-f", "lavfi", "-i", "testsrc2=s=320x240:r=10:d=2"];
  execFileSync("ffmpeg", [
    ...QUIET,
    ...source,
    "-c:v",
    "libx264",
    "-pix_fmt",
    "yuv420p",
    ...SMALL_MEMORY,
    file,
  ]);
  return file;
}

const FOUR_K = {
  h264: ["-c:v", "libx264", "-preset", "ultrafast", "-refs", "5"],
  h265: ["-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params", "log-level=none"],
} as const;

/** Two seconds of 3840×2160, five frames a second, as cameras of 4K send them. */
export function honestClip(folder: string, codec: keyof typeof FOUR_K): string {
  const file = join(folder, `4k-${codec}.mp4`);
  const source = ["-f", "lavfi", "-i", "testsrc2=s=3840x2160:r=5:d=2"];
  const coded = [...FOUR_K[codec], "-pix_fmt", "yuv420p", "-bf", "0", "-g", "5"];
  execFileSync("ffmpeg", [...QUIET, ...source, ...coded, file]);
  return file;
}
