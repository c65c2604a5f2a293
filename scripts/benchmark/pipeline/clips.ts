import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { findMedia } from "../../materials.ts";

/** A clip that ffmpeg makes from the project's material. */
interface GeneratedClip {
  /** Its material. */
  readonly media: readonly string[];
  /** Options of ffmpeg between the inputs and the output. */
  readonly options: readonly string[];
}

/**
 * The first frame of a clip for a minute, with sensor noise and clouds (±10 % of brightness). Brightness is equal at both
 * ends, so that a loop has no jump.
 */
function stillScene(fps: number, more = ""): string {
  const frames = 60 * fps;
  const light = "eq=brightness=0.05*sin(2*PI*t/60):eval=frame";
  return `trim=end_frame=1,${more}loop=${frames}:1:0,setpts=N/${fps}/TB,${light},noise=alls=8:allf=t`;
}

/** H.264 as cameras encode it: key frames at a fixed distance, no B frames. */
function encoding(fps: number, groupSeconds: number): readonly string[] {
  const h264 = ["-c:v", "libx264", "-profile:v", "main", "-preset", "veryfast", "-bf", "0"];
  return [
    "-an",
    "-t",
    "60",
    "-r",
    String(fps),
    ...h264,
    "-g",
    String(fps * groupSeconds),
    "-pix_fmt",
    "yuv420p",
  ];
}

const STILL = ["-vf", stillScene(10), ...encoding(10, 2)];
/** The car of images/street.jpg, enlarged and put on the pavement. */
const PARKED = `[1]crop=125:75:232:312,scale=375:225[car];[0]trim=end_frame=1[room];[room][car]overlay=250:200,${stillScene(10)}`;

/** Scenes in which nothing moves, all with a key frame every two seconds. */
const GENERATED = {
  /** 768×432, 10 frames per second; the noise makes it 3.15 Mbit/s. */
  still: { media: ["person.mp4"], options: STILL },
  "still-512k": { media: ["person.mp4"], options: [...STILL, ...constantRate("512k")] },
  /** A main stream: 25 frames per second. */
  "still-1080p": {
    media: ["person.mp4"],
    options: ["-vf", stillScene(25, "scale=1920:1080,"), ...encoding(25, 2), ...constantRate("4M")],
  },
  /** `still` with a car that the detector sees. */
  "parked-car": {
    media: ["person.mp4", "images/street.jpg"],
    options: ["-filter_complex", PARKED, ...encoding(10, 2)],
  },
} as const satisfies Record<string, GeneratedClip>;

/** A clip that `findClips` makes. */
export type GeneratedName = keyof typeof GENERATED;

/** The names of the clips that `findClips` makes. */
export const GENERATED_NAMES = Object.keys(GENERATED) as readonly GeneratedName[];

function constantRate(rate: string): readonly string[] {
  return ["-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", rate, "-nal-hrd", "cbr"];
}

/**
 * Finds clips by file name, as in the project's material (`person.mp4`), or makes them (`still`).
 * @param folder for generated clips; those that it contains are not made again
 * @throws Error when a clip does not exist
 */
export async function findClips(names: readonly string[], folder: string): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const name of names) {
    const generated = GENERATED_NAMES.find((known) => known === name);
    paths.push(generated === undefined ? named(name) : await make(generated, folder));
  }
  return paths;
}

/** Name of a combination of clips: `person+street`. */
export function sceneOf(names: readonly string[]): string {
  return names.map((name) => basename(name).replace(/\.\w+$/, "")).join("+");
}

function named(name: string): string {
  const path = findMedia(name) ?? name;
  if (!existsSync(path)) {
    throw new Error(
      `--clips: ${name}: no such file, neither in the working directory nor in $SABREWING_HOME/media`,
    );
  }
  return path;
}

async function make(name: GeneratedName, folder: string): Promise<string> {
  const { media, options } = GENERATED[name];
  const args = [...media.map(named).flatMap((file) => ["-i", file]), ...options];
  const id = createHash("sha256").update(JSON.stringify(args)).digest("hex").slice(0, 12);
  const path = join(folder, `${name}-${id}.mp4`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  // A run that is interrupted leaves no half clip under the final name.
  const unfinished = join(folder, `${name}-${id}-${process.pid}.mp4`);
  await promisify(execFile)("ffmpeg", ["-nostdin", "-v", "error", "-y", ...args, unfinished]);
  renameSync(unfinished, path);
  return path;
}
