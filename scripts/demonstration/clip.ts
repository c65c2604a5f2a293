import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { findMedia } from "../materials.ts";
import { fetchStreetClip } from "./street-clip.ts";

/**
 * The clip the demo's camera plays: the one named, else person.mp4 where it is found, else a street scene out of a
 * Debian package.
 * @param say tells the user a line
 * @throws Error that says what is wrong with it and what to do
 */
export function findClip(named: string | undefined, say: (line: string) => void): string {
  if (named === undefined) return findMedia("person.mp4") ?? findMedia("street.mp4") ?? fetchStreetClip(say);
  if (!existsSync(named)) throw new Error(`${named}: there is no such file. Name an MP4: --clip FILE`);
  const codec = videoCodec(named);
  if (codec !== "h264") {
    throw new Error(
      `${named}: expected H.264 video, received ${codec ?? "a file without video"}. ` +
        `To convert a video: ffmpeg -i "${named}" -an -c:v libx264 -pix_fmt yuv420p clip.mp4`,
    );
  }
  return named;
}

/** What ffmpeg calls the encoding of the first video stream; undefined where there is none. */
function videoCodec(path: string): string | undefined {
  const show = ["-select_streams", "v:0", "-show_entries", "stream=codec_name", "-of", "csv=p=0"];
  const { status, stdout } = spawnSync("ffprobe", ["-v", "quiet", ...show, path], { encoding: "utf8" });
  const codec = status === 0 ? stdout.trim() : "";
  return codec === "" ? undefined : codec;
}
