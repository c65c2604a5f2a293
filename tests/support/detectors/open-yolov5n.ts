import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { compileFile } from "../../../detectors/compiler/compile-file.ts";
import { type Detector, openDetector } from "../../../detectors/detector.ts";
import { temporaryFolder } from "../base/temporary-folder.ts";

/** Compiles YOLOv5n for this image size and opens it in Wasmer, like the agent. */
export async function openYolov5n(
  weights: string,
  size: { readonly width: number; readonly height: number },
): Promise<Detector> {
  await using folder = await temporaryFolder();
  const module = join(folder.path, "yolov5n.wasm");
  writeFileSync(module, (await compileFile(weights, { size })).bytes);
  return await openDetector(module, { runtime: "wasmer", instances: 1, deadlineMs: 60_000 });
}
