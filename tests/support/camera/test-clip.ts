import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A small H.264 clip: ffmpeg's moving test picture. Made anew, so that tests need no material. */
export interface TestClip extends Disposable {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly seconds: number;
}

/** Makes a clip in a temporary folder, which goes when the clip is disposed of. */
export function makeTestClip({ width = 320, height = 240, fps = 10, seconds = 2 } = {}): TestClip {
  const folder = mkdtempSync(join(tmpdir(), "sabrewing-clip-"));
  const file = join(folder, "clip.mp4");
  const picture = [
    "-f",
    "lavfi",
    "-i",
    `testsrc2=size=${width}x${height}:rate=${fps}`,
    "-t",
    String(seconds),
  ];
  const coded = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "0", "-g", String(fps), file];
  execFileSync("ffmpeg", ["-hide_banner", "-loglevel", "error", "-nostdin", ...picture, ...coded]);
  return { file, width, height, fps, seconds, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}
