import { writeFile } from "node:fs/promises";
import { compileFile } from "../../detectors/compiler/compile-file.ts";

/**
 * Compiles a model to a module file.
 * @throws ModelError when the model cannot be compiled
 */
export async function compileModule(
  modelPath: string,
  modulePath: string,
  size: { readonly width: number; readonly height: number },
): Promise<void> {
  const { bytes } = await compileFile(modelPath, { size });
  await writeFile(modulePath, bytes);
}
