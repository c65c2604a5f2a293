import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { findMedia } from "../materials.ts";

/**
 * The clip the demo's camera plays: the one named, else person.mp4 where it is found.
 * @throws Error that says what is wrong with it and what to do
 */
export function findClip(named: string | undefined): string {
  const clip = named ?? findMedia("person.mp4");
  if (clip === undefined) {
    throw new Error("no clip: put person.mp4 into $SABREWING_HOME, or name an MP4: --clip FILE");
  }
  if (!existsSync(clip)) throw new Error(`${clip}: there is no such file. Name an MP4: --clip FILE`);
  const codec = videoCodec(clip);
  if (codec !== "h264") {
    throw new Error(
      `${clip}: expected H.264 video, received ${codec ?? "a file without video"}. ` +
        `To convert a video: ffmpeg -i "${clip}" -an -c:v libx264 -pix_fmt yuv420p clip.mp4`,
    );
  }
  return clip;
}

/** What ffmpeg calls the encoding of the first video stream; undefined where there is none. */
function videoCodec(path: string): string | undefined {
  const show = ["-select_streams", "v:0", "-show_entries", "stream=codec_name", "-of", "csv=p=0"];
  const { status, stdout } = spawnSync("ffprobe", ["-v", "quiet", ...show, path], { encoding: "utf8" });
  const codec = status === 0 ? stdout.trim() : "";
  return codec === "" ? undefined : codec;
}
