import { execFileSync } from "node:child_process";
import { join } from "node:path";

const QUIET = ["-hide_banner", "-nostdin", "-loglevel", "error", "-y"];

/** The empty room at the start of person.mp4. @returns the clip's path */
export function emptyRoom(personClip: string, folder: string): string {
  const file = join(folder, "empty-room.mp4");
  execFileSync("ffmpeg", [...QUIET, "-i", personClip, "-t", "5", "-an", "-c:v", "copy", file]);
  return file;
}

/** A clip that repeats one frame, as from a camera whose sensor is stuck. */
export function repeatedFrame(clip: string, folder: string): string {
  const file = join(folder, "stuck.mp4");
  const still = ["-i", clip, "-vf", "trim=end_frame=1,loop=loop=-1:size=1,fps=10", "-t", "10"];
  execFileSync("ffmpeg", [...QUIET, ...still, ...H264, file]);
  return file;
}

/** The same clip in another size and codec, as after a change of the camera's settings. */
export function inAnotherWay(clip: string, size: string, folder: string): string {
  const file = join(folder, `${size}-h265.mp4`);
  const scaled = ["-i", clip, "-an", "-vf", `scale=${size.replace("x", ":")}`];
  execFileSync("ffmpeg", [...QUIET, ...scaled, ...H265, file]);
  return file;
}

const H264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-bf", "0", "-g", "20"];

const H265 = [
  ...["-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-tag:v", "hvc1"],
  ...["-x265-params", "log-level=none:bframes=0:keyint=20"],
];

/** A clip for bright-area-module.ts. */
export interface SignalClip {
  readonly file: string;
  /** The duration of one round. */
  readonly seconds: number;
}

/** The frame rate of the agent and of the clip, so that every frame is examined. */
export const SIGNAL_FPS = 5;
export const SIGNAL_SIZE = { width: 320, height: 240 };

/**
 * A moving white square. The top left corner is black; in the middle of each round it is white for `signals` frames.
 */
export function squareAndSignal(folder: string, { seconds = 6, signals = 1 } = {}): SignalClip {
  const file = join(folder, `signals-${signals}.mp4`);
  const source = (colour: string, size: string) => [
    ...["-f", "lavfi", "-i", `color=c=${colour}:s=${size}:r=${SIGNAL_FPS}:d=${seconds}`],
  ];
  const first = Math.floor((SIGNAL_FPS * seconds - signals) / 2);
  const corner = (colour: string) => `drawbox=x=0:y=0:w=48:h=48:color=${colour}:t=fill`;
  const lit = `${corner("white")}:enable='between(n,${first},${first + signals - 1})'`;
  const wander = `[0][1]overlay=x='130+90*sin(2*PI*t/${seconds})':y=120,${corner("black")},${lit}`;
  execFileSync("ffmpeg", [
    ...[
      ...QUIET,
      ...source("0x404040", `${SIGNAL_SIZE.width}x${SIGNAL_SIZE.height}`),
      ...source("white", "60x60"),
    ],
    ...["-filter_complex", wander, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "0", "-crf", "15"],
    ...["-g", String(SIGNAL_FPS), file],
  ]);
  return { file, seconds };
}
