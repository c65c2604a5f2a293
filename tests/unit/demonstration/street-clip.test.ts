import { spawnSync } from "node:child_process";
import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { describe, expect, test } from "vitest";
import { fetchStreetClip } from "../../../scripts/demonstration/street-clip.ts";
import { temporaryFolder } from "../../support/base/temporary-folder.ts";

const hasTools = ["ffmpeg", "ffprobe", "dpkg-deb"].every((tool) => spawnSync(tool, ["--help"]).status === 0);

/** A folder with an `apt-get` that runs these shell commands. */
async function aptGet(root: string, commands: string): Promise<string> {
  const folder = join(root, "bin");
  await mkdir(folder);
  await writeFile(join(folder, "apt-get"), `#!/bin/sh\n${commands}\n`);
  await chmod(join(folder, "apt-get"), 0o755);
  return `${folder}${delimiter}${process.env.PATH}`;
}

/** A Debian package with half a second of video at the path of opencv-doc's clip. */
async function packageWithClip(root: string): Promise<string> {
  const data = join(root, "tree", "usr", "share", "doc", "opencv-doc", "examples", "data");
  await mkdir(data, { recursive: true });
  const source = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=0.5"];
  spawnSync("ffmpeg", ["-v", "error", ...source, "-c:v", "msmpeg4", join(data, "vtest.avi")]);
  const control = join(root, "tree", "DEBIAN");
  await mkdir(control);
  const fields = ["Package: opencv-doc", "Version: 1", "Architecture: all", "Maintainer: a test <a@b.c>"];
  await writeFile(join(control, "control"), [...fields, "Description: a test", ""].join("\n"));
  const archive = join(root, "opencv-doc_1_all.deb");
  const built = spawnSync("dpkg-deb", ["--build", join(root, "tree"), archive], { encoding: "utf8" });
  if (built.status !== 0) throw new Error(built.stderr);
  return archive;
}

describe("the street scene of Debian's package", () => {
  test.skipIf(!hasTools)("is kept as H.264 without B-frames, and nothing else is kept", async () => {
    await using root = await temporaryFolder();
    const archive = await packageWithClip(root.path);
    const PATH = await aptGet(root.path, `[ "$1" = download ] && cp '${archive}' .`);
    const said: string[] = [];
    const home = join(root.path, "home");
    const clip = fetchStreetClip((line) => said.push(line), { ...process.env, SABREWING_HOME: home, PATH });
    expect(clip).toBe(join(home, "media", "street.mp4"));
    expect(await readdir(join(home, "media"))).toEqual(["street.mp4"]);
    expect(said).toEqual([expect.stringContaining("using the street scene of Debian's opencv-doc")]);
    const entries = "stream=codec_name,has_b_frames,r_frame_rate,width,height";
    const show = spawnSync("ffprobe", ["-v", "error", "-show_entries", entries, "-of", "csv=p=0", clip]);
    expect(show.stdout.toString().trim()).toBe("h264,64,48,0,10/1");
  });

  test("fails with the reason and a remedy, and leaves no files behind", async () => {
    await using root = await temporaryFolder();
    const PATH = await aptGet(root.path, "echo 'E: Unable to locate package opencv-doc' >&2; exit 100");
    const env = { ...process.env, SABREWING_HOME: root.path, PATH };
    expect(() => fetchStreetClip(() => {}, env)).toThrow(
      /opencv-doc cannot be downloaded: E: Unable to locate package opencv-doc\nUse your own MP4: --clip FILE/,
    );
    expect(await readdir(join(root.path, "media"))).toEqual([]);
  });
});
