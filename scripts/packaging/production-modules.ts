import { cpSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "./machine.ts";
import { runTool } from "./run-tool.ts";

/** The files that `npm ci` needs. The stubs replace packages that must not be installed. */
const NPM_FILES = ["package.json", "package-lock.json", ".npmrc", "scripts/npm-stubs"];

/**
 * Installs the production dependencies of the lock file for a machine.
 * @param folder is made
 * @returns its node_modules
 * @throws Error when npm fails, or is too old to install for another architecture
 */
export function installProductionModules(root: string, folder: string, machine: Machine): string {
  mkdirSync(folder, { recursive: true });
  for (const name of NPM_FILES) cpSync(join(root, name), join(folder, name), { recursive: true });
  const target = [`--cpu=${machine.npm}`, "--os=linux", "--libc=glibc"];
  runTool("npm", ["ci", "--omit=dev", "--no-audit", "--no-fund", ...target], { cwd: folder });
  const modules = join(folder, "node_modules");
  const native = join(modules, "@img");
  const expected = `sharp-linux-${machine.npm}`;
  if (!existsSync(join(native, expected)))
    throw new Error(
      `npm installed for another machine: expected @img/${expected}, received ${readdirSync(native).join(", ")}. ` +
        "This needs npm 10 or later: npm install --global npm",
    );
  return modules;
}
