import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A small H.264 clip of ffmpeg's moving test pattern. It is generated, so tests need no material. */
export interface TestClip extends Disposable {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly seconds: number;
}

/**
 * Makes a clip in a temporary folder, which is removed when the clip is disposed.
 * The parameter `filter` is one of ffmpeg's, which changes the test pattern.
 */
export function makeTestClip({
  width = 320,
  height = 240,
  fps = 10,
  seconds = 2,
  filter = "null",
} = {}): TestClip {
  const folder = mkdtempSync(join(tmpdir(), "sabrewing-clip-"));
  const file = join(folder, "clip.mp4");
  const pattern = [
    "-f",
    "lavfi",
    "-i",
    `testsrc2=size=${width}x${height}:rate=${fps},${filter}`,
    "-t",
    String(seconds),
  ];
  const coded = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "0", "-g", String(fps), file];
  execFileSync("ffmpeg", ["-hide_banner", "-loglevel", "error", "-nostdin", ...pattern, ...coded]);
  return { file, width, height, fps, seconds, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}
