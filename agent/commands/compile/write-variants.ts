import { ModelError, VARIANTS, variantFile } from "../../../detectors/detector.ts";
import { printed } from "../../base/plain-text.ts";
import type { ModuleReport } from "../shared/module-report.ts";
import { type ProgressStream, showProgress } from "../shared/progress.ts";
import { type ModuleOrder, writeModule } from "./write-module.ts";

/** The agent takes i8 by itself where it is fastest, so there must be no i8 that sees less than it could. */
const UNCALIBRATED =
  "it has to be calibrated on what it will see\n  → Compile with --calibrate, a folder of pictures, a clip or an rtsp:// address.";

/**
 * Compiles every variant of a model and writes them side by side: `out` names the set (`yolov5n.wasm` →
 * `yolov5n.i16.wasm`, `yolov5n.f32.wasm`, …). A quantised variant that cannot be made is left out, and stderr says why.
 * @throws as `writeModule`, when not even f32 can be made.
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
      stderr.write(printed(`${name} is left out: ${UNCALIBRATED}`));
      continue;
    }
    try {
      const progress = showProgress(`compile ${name}`, stderr);
      reports.push(await writeModule({ ...order, out, precision, target }, progress, () => undefined));
    } catch (error) {
      if (!(error instanceof ModelError) || precision === "f32") throw error;
      stderr.write(printed(`${name} is left out: ${error.message}\n  → ${error.remedy}`));
    }
  }
  return reports;
}
