import { ModelError, VARIANTS, variantFile } from "../../../detectors/detector.ts";
import { printed } from "../../base/plain-text.ts";
import type { ModuleReport } from "../shared/module-report.ts";
import { type ProgressStream, showProgress } from "../shared/progress.ts";
import { type ModuleOrder, writeModule } from "./write-module.ts";

/** The agent chooses i8 by itself where it is fastest, so every i8 variant must have the accuracy that calibration gives. */
const UNCALIBRATED =
  "it needs calibration on frames of the scene\n  → Run `sabrewing compile` with --variants and --calibrate: a folder of images, a clip or an rtsp:// URL.";

/**
 * Compiles every variant of a model and writes them side by side: `out` names the set (`yolov5n.wasm` →
 * `yolov5n.i16.wasm`, `yolov5n.f32.wasm`, …). Quantised variants that cannot be compiled are skipped, and stderr says why.
 * @throws as `writeModule`, if even f32 cannot be compiled.
 */
export async function writeVariants(
  order: Omit<ModuleOrder, "precision" | "target">,
  stderr: ProgressStream,
): Promise<ModuleReport[]> {
  const reports: ModuleReport[] = [];
  for (const variant of VARIANTS) {
    const { name, precision, target } = variant;
    const out = variantFile(order.out, variant);
    if (precision === "i8" && order.calibration === undefined) {
      stderr.write(printed(`${name} is skipped: ${UNCALIBRATED}`));
      continue;
    }
    try {
      const progress = showProgress(`compile ${name}`, stderr);
      reports.push(await writeModule({ ...order, out, precision, target }, progress, () => undefined));
    } catch (error) {
      if (!(error instanceof ModelError) || precision === "f32") throw error;
      stderr.write(printed(`${name} is skipped: ${error.message}\n  → ${error.remedy}`));
    }
  }
  return reports;
}
