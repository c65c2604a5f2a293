import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readClip } from "../../../agent/camera/clip.ts";
import { MotionSchema } from "../../../agent/config/motion-schema.ts";
import { detectMotion, type Gate, startGate } from "../../../agent/motion/gate.ts";

const FPS = 10;
const GOP = 20;
const SECONDS = 20;
/** All frames are decoded from here to there, at 5 frames per second; before and after only key frames. */
const AWAKE_S = [8, 12] as const;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sabrewing-key-frames-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Encodes a still scene with this light and noise of the sensor, as a camera with a fixed bit rate does. */
function encode(light: string, bitrate: string): string {
  const file = join(folder, "clip.mp4");
  const source = `testsrc2=size=768x432:rate=${FPS}`;
  const filters = `trim=end_frame=1,loop=-1:1:0,setpts=N/${FPS}/TB,gblur=sigma=1.5,${light}`;
  execFileSync("ffmpeg", [
    ...["-hide_banner", "-loglevel", "error", "-nostdin", "-y", "-f", "lavfi", "-i", source],
    ...["-vf", filters, "-t", String(SECONDS), "-c:v", "libx264", "-preset", "superfast", "-bf", "0"],
    ...["-b:v", bitrate, "-maxrate", bitrate, "-bufsize", bitrate, "-g", String(GOP), "-sc_threshold", "0"],
    ...["-pix_fmt", "yuv420p", "-threads", "1", file],
  ]);
  return file;
}

/** The seconds at which the gate reports motion. */
async function watch(file: string): Promise<{ frames: number; moving: readonly number[] }> {
  let gate: Gate | undefined;
  let frames = 0;
  const moving: number[] = [];
  const clip = { camera: "clip", file, fps: FPS };
  for await (const frame of readClip(clip, { signal: AbortSignal.timeout(60_000) })) {
    const second = frame.timeMs / 1000;
    const isAwake = second >= AWAKE_S[0] && second < AWAKE_S[1];
    if (frame.sequence % (isAwake ? 2 : GOP) !== 0) continue;
    frames++;
    const before = gate ?? startGate(frame, MotionSchema.parse({}), 200);
    const step = detectMotion(before, frame, frame.timeMs);
    gate = step.gate;
    if (step.motion.boxes.length > 0) moving.push(second);
  }
  return { frames, moving };
}

describe("a still scene, first by key frames, then by all frames, then by key frames again", () => {
  test.each([
    ["by day", "noise=alls=6:allf=t", "512k"],
    ["with a noisy sensor", "noise=alls=18:allf=t", "3M"],
    ["in dim light", "eq=brightness=-0.25:contrast=0.4,noise=alls=12:allf=t", "512k"],
  ])("%s, is no motion (%s, %s bit/s)", async (_, light, bitrate) => {
    expect(await watch(encode(light, bitrate))).toEqual({ frames: 4 + 20 + 4, moving: [] });
  });
});
