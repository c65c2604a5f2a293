import { writeFile } from "node:fs/promises";
import { compileModel, type Variant } from "../../detectors/detector.ts";
import { convolutionOperations } from "./flops.ts";

/**
 * Compiles a model to a module file.
 * @param calibrationImages images to calibrate integers on; default: synthetic images
 * @returns multiplications and additions of its convolutions when computed directly
 * @throws ModelError when the model cannot be compiled in this variant
 */
export async function compileModule(
  modelPath: string,
  modulePath: string,
  size: { readonly width: number; readonly height: number },
  { precision, target }: Pick<Variant, "precision" | "target">,
  calibrationImages?: () => Promise<readonly Uint8Array[]>,
): Promise<number> {
  const calibration = calibrationImages === undefined ? {} : { calibrationImages };
  const { bytes, graph } = await compileModel(modelPath, { size, precision, target, ...calibration });
  await writeFile(modulePath, bytes);
  return convolutionOperations(graph);
}
