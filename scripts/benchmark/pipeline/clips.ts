import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { findMedia } from "../../materials.ts";

/** The name of the generated clip, see `stillClip`. */
export const STILL = "still";

/**
 * Finds clips by file name, as in the project's material (`person.mp4`), or makes `still`.
 * @param folder for generated clips
 * @throws Error when a clip does not exist
 */
export async function findClips(names: readonly string[], folder: string): Promise<readonly string[]> {
  return Promise.all(
    names.map((name) => (name === STILL ? stillClip(named("person.mp4"), folder) : named(name))),
  );
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

/**
 * Makes a minute without motion: the first frame of a clip with sensor noise and clouds (±10 % of brightness), encoded as
 * by a camera. Brightness is equal at both ends, so that the loop has no jump.
 */
async function stillClip(clip: string, folder: string): Promise<string> {
  const path = join(folder, `${STILL}.mp4`);
  const light = "eq=brightness=0.05*sin(2*PI*t/60):eval=frame";
  const still = `trim=end_frame=1,loop=600:1:0,setpts=N/10/TB,${light},noise=alls=8:allf=t`;
  const encoding = ["-c:v", "libx264", "-profile:v", "main", "-preset", "veryfast", "-g", "20", "-bf", "0"];
  const args = ["-v", "error", "-y", "-i", clip, "-an", "-vf", still, "-t", "60", "-r", "10", ...encoding];
  await promisify(execFile)("ffmpeg", [...args, "-pix_fmt", "yuv420p", path]);
  return path;
}
