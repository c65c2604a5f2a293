import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of ONNX's own backend tests, in $SABREWING_HOME or beside the project; undefined when there is none. */
export function backendFolder(): string | undefined {
  const home = process.env.SABREWING_HOME || join(homedir(), ".cache", "sabrewing");
  return [
    join(home, "onnx-backend"),
    fileURLToPath(new URL("../../../../shared/onnx-backend", import.meta.url)),
  ].find((folder) => existsSync(folder));
}
