/**
 * `npm run coverage`: runs the unit tests and prints the share of lines of agent/ and detectors/ that they run. The report
 * by file is out/coverage/index.html.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FOLDERS = ["agent", "detectors"];

/** The part of coverage-summary.json that is read: lines by absolute path of the file, and in total. */
type Summary = Readonly<
  Record<string, { readonly lines: { readonly total: number; readonly covered: number } }>
>;

const { args: forVitest } = new Command("coverage")
  .description("Runs the unit tests and prints the share of lines that they run. Arguments go to vitest.")
  .argument("[words...]", "arguments of vitest")
  .allowUnknownOption()
  .parse();
const args = ["run", "tests/unit", "--coverage", ...forVitest];
const { status } = spawnSync(join(ROOT, "node_modules/.bin/vitest"), args, { cwd: ROOT, stdio: "inherit" });
// vitest writes no report when a test fails.
if (status !== 0) process.exit(status ?? 1);

const summary = JSON.parse(readFileSync(join(ROOT, "out/coverage/coverage-summary.json"), "utf8")) as Summary;
for (const folder of FOLDERS) {
  const files = Object.entries(summary).filter(([path]) => path.startsWith(join(ROOT, folder) + sep));
  const total = files.reduce((sum, [, { lines }]) => sum + lines.total, 0);
  const covered = files.reduce((sum, [, { lines }]) => sum + lines.covered, 0);
  console.log(`${folder}: ${((100 * covered) / total).toFixed(1)} % of ${total} lines`);
}
