/** node scripts/arm64/slow-materials.ts FOLDER: writes slow.mp4 and small.wasm there, for an emulated CPU. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { compileFile } from "../../detectors/compiler/compile-file.ts";
import { findMedia, findModel } from "../materials.ts";
import { runTool } from "../packaging/run-tool.ts";

/** An emulated inference takes seconds: the model is small and computes integers, which qemu does faster than f32. */
const MODULE = { size: { width: 256, height: 160 }, precision: "i16" } as const;
/** So slow that a person is in view for a dozen inferences, and small enough to be decoded in time. */
const SLOW_CLIP = "setpts=8*PTS,fps=1,scale=384:216";

/** A clip and a module for an emulated CPU. */
export interface SlowMaterials {
  readonly clip: string;
  readonly module: string;
}

/** @throws Error when the weights or the clip are missing */
export async function makeSlowMaterials(folder: string): Promise<SlowMaterials> {
  const weights = findModel("yolov5n.pt");
  const original = findMedia("person.mp4");
  if (weights === undefined || original === undefined)
    throw new Error("yolov5n.pt or person.mp4 is missing: CONTRIBUTING.md says where they are searched");
  const clip = join(folder, "slow.mp4");
  const cut = ["-ss", "5", "-t", "15", "-i", original, "-an", "-vf", SLOW_CLIP, "-g", "4"];
  runTool("ffmpeg", ["-v", "error", "-y", ...cut, clip]);
  const module = join(folder, "small.wasm");
  writeFileSync(module, (await compileFile(weights, MODULE)).bytes);
  return { clip, module };
}

if (import.meta.main) await makeSlowMaterials(process.argv[2] ?? ".");
