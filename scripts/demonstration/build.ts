import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Builds what would be installed.
 * @param folder beside `package.json`; tests that run side by side give each its own
 * @returns the command line that starts it
 * @throws Error with the compiler's words when the sources do not compile
 */
export function buildAgent(folder = join(ROOT, "dist")): readonly [program: string, ...words: string[]] {
  const built = spawnSync(join(ROOT, "scripts", "build"), [folder], { cwd: ROOT, encoding: "utf8" });
  if (built.status !== 0) throw new Error(`the build failed:\n${built.stdout}${built.stderr}`);
  return [process.execPath, join(folder, "agent", "main.js")];
}
