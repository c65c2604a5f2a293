import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Builds the program as it gets installed.
 * @param folder beside `package.json`; tests that run in parallel need different folders
 * @returns the command line that starts the program
 * @throws Error with the compiler's output when the build fails
 */
export function buildAgent(folder = join(ROOT, "dist")): readonly [program: string, ...args: string[]] {
  const built = spawnSync(join(ROOT, "scripts", "build"), [folder], { cwd: ROOT, encoding: "utf8" });
  if (built.status !== 0) throw new Error(`the build failed:\n${built.stdout}${built.stderr}`);
  return [process.execPath, join(folder, "agent", "main.js")];
}
