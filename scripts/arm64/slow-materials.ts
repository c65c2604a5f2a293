/** node scripts/arm64/slow-materials.ts FOLDER: writes slow.mp4 and small.wasm there, for an emulated CPU to watch with. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { compileFile } from "../../detectors/compiler/compile-file.ts";
import { findMedia, findModel } from "../materials.ts";
import { runTool } from "../packaging/run-tool.ts";

/** An emulated look takes seconds: small, and in whole numbers, which qemu computes faster than it does f32. */
const MODULE = { size: { width: 256, height: 160 }, precision: "i16" } as const;
/** Slow enough that somebody is in view for a dozen of such looks, and small enough to be decoded in time. */
const SLOW_CLIP = "setpts=8*PTS,fps=1,scale=384:216";

/** Paths of what an emulated CPU can watch, and watch with. */
export interface SlowMaterials {
  readonly clip: string;
  readonly module: string;
}

/** @throws Error where the weights or the clip are not on this machine */
export async function makeSlowMaterials(folder: string): Promise<SlowMaterials> {
  const weights = findModel("yolov5n.pt");
  const original = findMedia("person.mp4");
  if (weights === undefined || original === undefined)
    throw new Error("yolov5n.pt and person.mp4 are needed: CONTRIBUTING.md says where they are looked for");
  const clip = join(folder, "slow.mp4");
  const cut = ["-ss", "5", "-t", "15", "-i", original, "-an", "-vf", SLOW_CLIP, "-g", "4"];
  runTool("ffmpeg", ["-v", "error", "-y", ...cut, clip]);
  const module = join(folder, "small.wasm");
  writeFileSync(module, (await compileFile(weights, MODULE)).bytes);
  return { clip, module };
}

if (import.meta.main) await makeSlowMaterials(process.argv[2] ?? ".");
