import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { findMedia } from "../materials.ts";
import { fetchStreetClip } from "./street-clip.ts";

/**
 * Finds the clip for the demo's camera: the given file, person.mp4, or a street scene from a Debian package.
 * @param say called with a line for the user
 * @throws Error with a remedy when there is no usable clip
 */
export function findClip(named: string | undefined, say: (line: string) => void): string {
  if (named === undefined) return findMedia("person.mp4") ?? findMedia("street.mp4") ?? fetchStreetClip(say);
  if (!existsSync(named)) throw new Error(`${named}: no such file. Give the path of an MP4: --clip FILE`);
  const codec = videoCodec(named);
  if (codec !== "h264") {
    throw new Error(
      `${named}: expected H.264 video, received ${codec ?? "a file without video"}. ` +
        `To convert a video: ffmpeg -i "${named}" -an -c:v libx264 -pix_fmt yuv420p clip.mp4`,
    );
  }
  return named;
}

/** ffmpeg's name of the first video stream's codec; undefined without a video stream. */
function videoCodec(path: string): string | undefined {
  const show = ["-select_streams", "v:0", "-show_entries", "stream=codec_name", "-of", "csv=p=0"];
  const { status, stdout } = spawnSync("ffprobe", ["-v", "quiet", ...show, path], { encoding: "utf8" });
  const codec = status === 0 ? stdout.trim() : "";
  return codec === "" ? undefined : codec;
}
