import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FfmpegMissing } from "../../../agent/camera/ffmpeg.ts";
import { createVideo, requireWritableVideo } from "../../../agent/view/video-file.ts";
import { temporaryFolder } from "../../support/base/temporary-folder.ts";

const hasFfmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;
const FORMAT = { width: 64, height: 48, fps: 5 };
const FRAME = new Uint8Array(64 * 48 * 3).fill(128);

describe("a video", () => {
  test.skipIf(!hasFfmpeg)("contains every frame, in H.264 that browsers can play", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "seen.mp4");
    {
      await using video = await createVideo(file, FORMAT);
      for (let index = 0; index < 12; index++) await video.add(FRAME);
      expect(readdirSync(folder.path)).not.toContain("seen.mp4");
      await video.finish();
    }
    expect(readdirSync(folder.path)).toEqual(["seen.mp4"]);
    expect(probe(file)).toEqual({
      codec_name: "h264",
      width: 64,
      height: 48,
      pix_fmt: "yuv420p",
      avg_frame_rate: "5/1",
      nb_frames: "12",
    });
  });

  test.skipIf(!hasFfmpeg)("may have any name", async () => {
    await using folder = await temporaryFolder();
    const names = ["-seen.mp4", "2026-11-29T11:00:00.mp4", "tcp:%d?.mp4"];
    // The names are relative: a process of its own has the folder as its working directory.
    const script = `import { createVideo } from ${JSON.stringify(new URL("../../../agent/view/video-file.ts", import.meta.url).href)};
      for (const name of ${JSON.stringify(names)}) {
        await using video = await createVideo(name, ${JSON.stringify(FORMAT)});
        await video.add(new Uint8Array(${FRAME.length}));
        await video.finish();
      }`;
    execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: folder.path });
    expect(readdirSync(folder.path).toSorted()).toEqual(names);
  });

  test.skipIf(!hasFfmpeg)("that is abandoned leaves no file", async () => {
    await using folder = await temporaryFolder();
    {
      await using video = await createVideo(join(folder.path, "seen.mp4"), FORMAT);
      await video.add(FRAME);
    }
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("without ffmpeg fails with the command that installs it", async () => {
    await using folder = await temporaryFolder();
    await using video = await createVideo(join(folder.path, "seen.mp4"), FORMAT, "/nowhere/ffmpeg");
    await expect(video.finish()).rejects.toBeInstanceOf(FfmpegMissing);
  });

  test("reports ffmpeg's error, and does not wait for an ffmpeg that has exited", async () => {
    await using folder = await temporaryFolder();
    const broken = join(folder.path, "ffmpeg");
    writeFileSync(broken, "#!/bin/sh\necho \"Unknown encoder 'libx264'\" >&2\nexit 1\n");
    chmodSync(broken, 0o755);
    await using video = await createVideo(join(folder.path, "seen.mp4"), FORMAT, broken);
    const large = new Uint8Array(4_000_000);
    const writing = (async () => {
      for (;;) await video.add(large);
    })();
    await expect(writing).rejects.toMatchObject({
      message: expect.stringContaining("Unknown encoder 'libx264'"),
      remedy: expect.stringContaining("built without H.264"),
    });
  });

  test.each([
    ["seen.avi", /expected a file name that ends in \.mp4/],
    ["nowhere/seen.mp4", /cannot write .*nowhere\/seen\.mp4 \(ENOENT\)/],
    ["folder.mp4", /it is a folder/],
  ])("is refused at the start if it cannot be written to %s", async (name, complaint) => {
    await using folder = await temporaryFolder();
    mkdirSync(join(folder.path, "folder.mp4"));
    await expect(requireWritableVideo(join(folder.path, name))).rejects.toThrow(complaint);
  });
});

function probe(file: string): unknown {
  const entries = "stream=codec_name,width,height,pix_fmt,avg_frame_rate,nb_frames";
  const output = execFileSync("ffprobe", ["-v", "error", "-show_entries", entries, "-of", "json", file]);
  return JSON.parse(output.toString()).streams[0];
}
