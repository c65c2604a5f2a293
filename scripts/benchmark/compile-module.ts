import { writeFile } from "node:fs/promises";
import { compileFile } from "../../detectors/compiler/compile-file.ts";
import type { Target } from "../../detectors/compiler/target.ts";

/**
 * Compiles a model to a module file.
 * @throws ModelError when the model cannot be compiled
 */
export async function compileModule(
  modelPath: string,
  modulePath: string,
  size: { readonly width: number; readonly height: number },
  target: Target,
): Promise<void> {
  const { bytes } = await compileFile(modelPath, { size, target });
  await writeFile(modulePath, bytes);
}
