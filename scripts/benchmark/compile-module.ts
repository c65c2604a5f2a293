import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const AGENT = fileURLToPath(new URL("../../agent/main.ts", import.meta.url));

/**
 * Compiles a model to a module file with the agent's own `compile`.
 * @param size `640x384`: width × height of the model input
 * @throws Error with what the compiler said
 */
export async function compileModule(modelPath: string, modulePath: string, size: string): Promise<void> {
  await promisify(execFile)(process.execPath, [
    AGENT,
    ...["compile", modelPath, "-o", modulePath, "--size", size, "--json"],
  ]);
}
