import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { sabrewingHome } from "../../../detectors/catalog/locate-model.ts";
import { findMedia } from "../../materials.ts";

/** Seconds of a video; starts at a key frame. */
interface Part {
  readonly start: number;
  readonly seconds: number;
}

/** A clip that ffmpeg makes from the project's material. */
interface GeneratedClip {
  /** Its material. */
  readonly media: readonly string[];
  /** Options of ffmpeg between the inputs and the output. */
  readonly options: readonly string[];
  /** The part of the video that is kept. Default: all. */
  readonly kept?: Part;
}

/** A frame, repeated. */
const repeated = (fps: number, seconds: number) =>
  `trim=end_frame=1,loop=${fps * seconds}:1:0,setpts=N/${fps}/TB`;
/** Clouds (±10 % of brightness) and sensor noise. Brightness is equal after each minute, so that a loop has no jump. */
const OUTDOORS = "eq=brightness=0.05*sin(2*PI*t/60):eval=frame,noise=alls=8:allf=t";

/** H.264 as cameras encode it: key frames every two seconds, none where the scene changes, no B frames. */
function encoding(fps: number, seconds: number): readonly string[] {
  const h264 = ["-c:v", "libx264", "-profile:v", "main", "-preset", "veryfast", "-bf", "0"];
  const keyFrames = ["-g", `${2 * fps}`, "-sc_threshold", "0"];
  return ["-an", "-t", `${seconds}`, "-r", `${fps}`, ...h264, ...keyFrames, "-pix_fmt", "yuv420p"];
}

function constantRate(rate: string): readonly string[] {
  return ["-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", rate, "-nal-hrd", "cbr"];
}

const still = (seconds: number) => ["-vf", `${repeated(10, seconds)},${OUTDOORS}`, ...encoding(10, seconds)];

/** Seconds of a scene with a car that arrives from the left at the start, and then stays. */
const PARKED_SECONDS = 180;
/** The tracker knows objects that it has seen moving. The car, of images/street.jpg, waits until the motion gate is ready. */
const PARKED = [
  "[1]crop=125:75:232:312,scale=375:225[car]",
  `[0]${repeated(10, PARKED_SECONDS)}[room]`,
  `[room][car]overlay=x='if(lt(t,12),-w,min(250,-w+(250+w)*(t-12)/5))':y=200,${OUTDOORS}`,
].join(";");

/**
 * An encoder at a constant rate needs time until its frames have their usual sizes, and the last ones are larger. At the end
 * of a loop the sizes would jump, unlike those of a camera.
 */
const MIDDLE: Part = { start: 60, seconds: 60 };
const WITH_ENDS = MIDDLE.start + MIDDLE.seconds + 10;

/** Scenes in which nothing moves. */
const GENERATED = {
  /** 768×432, 10 frames per second; the noise makes it 3.15 Mbit/s. */
  still: { media: ["person.mp4"], options: still(60) },
  "still-512k": {
    media: ["person.mp4"],
    options: [...still(WITH_ENDS), ...constantRate("512k")],
    kept: MIDDLE,
  },
  /** A main stream: 25 frames per second. */
  "still-1080p": {
    media: ["person.mp4"],
    options: [
      ...["-vf", `scale=1920:1080,${repeated(25, WITH_ENDS)},${OUTDOORS}`],
      ...[...encoding(25, WITH_ENDS), ...constantRate("4M")],
    ],
    kept: MIDDLE,
  },
  /** `still` with a car that arrives after 12 seconds and parks after 17. It lasts three minutes. */
  "parked-car": {
    media: ["person.mp4", "images/street.jpg"],
    options: ["-filter_complex", PARKED, ...encoding(10, PARKED_SECONDS)],
  },
} as const satisfies Record<string, GeneratedClip>;

/** A clip that `findClips` makes. */
export type GeneratedName = keyof typeof GENERATED;

/** The names of the clips that `findClips` makes. */
export const GENERATED_NAMES = Object.keys(GENERATED) as readonly GeneratedName[];

/**
 * Finds clips by file name, as in the project's material (`person.mp4`), or makes them (`still`).
 * @param folder keeps generated clips, which are not made again. Default: in $SABREWING_HOME.
 * @throws Error when a clip does not exist
 */
export async function findClips(
  names: readonly string[],
  folder = join(sabrewingHome(process.env), "bench-clips"),
): Promise<readonly string[]> {
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
  const { media, options, kept }: GeneratedClip = GENERATED[name];
  const args = [...media.map(named).flatMap((file) => ["-i", file]), ...options];
  const id = createHash("sha256")
    .update(JSON.stringify([args, kept]))
    .digest("hex")
    .slice(0, 12);
  const path = join(folder, `${name}-${id}.mp4`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  // A run that is interrupted leaves no half clip under the final name.
  await using scratch = await mkdtempDisposable(join(folder, "unfinished-"));
  const [encoded, cut] = [join(scratch.path, "encoded.mp4"), join(scratch.path, "cut.mp4")];
  await ffmpeg(...args, encoded);
  if (kept !== undefined) {
    await ffmpeg("-ss", `${kept.start}`, "-t", `${kept.seconds}`, "-i", encoded, "-c", "copy", cut);
  }
  renameSync(kept === undefined ? encoded : cut, path);
  return path;
}

async function ffmpeg(...args: readonly string[]): Promise<void> {
  await promisify(execFile)("ffmpeg", ["-nostdin", "-v", "error", ...args]);
}
