/**
 * Does a change leave modules and events as they were? Compares two checkouts of the project, each with node_modules:
 *
 *   npm run -s compare -- BEFORE AFTER [--json]
 *
 * Both compile YOLOv5n at 320x320 in four variants and MobileNet: the SHA-256 of the modules must be equal. Both replay
 * person.mp4 and street.mp4 with the i16 module of BEFORE: the lines of `replay --json` must be equal. Each checkout runs its
 * own code. The exit code is 1 if something differs or fails. Missing material is reported and counted. If all of it is
 * missing, nothing was compared, and the exit code is 1, too.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { compareLines, type Outcome } from "./comparison/compare-lines.ts";
import { runCheckout } from "./comparison/run-checkout.ts";
import { findMedia, findModel } from "./materials.ts";

const SIZE = "320x320";
const VARIANTS = [
  { name: "f32", options: [] },
  { name: "f32-relaxed", options: ["--target", "relaxed"] },
  { name: "i16", options: ["--precision", "i16"] },
  { name: "i8", options: ["--precision", "i8"] },
];
const CLIPS = ["person.mp4", "street.mp4"];
const EXIT_BAD_USAGE = 64;

const program = new Command("compare")
  .description("Compares the modules and events of two checkouts, each with node_modules.")
  .argument("<before>", "a checkout")
  .argument("<after>", "another checkout")
  .option("--json", "print a line of JSON per comparison", false)
  .addHelpText(
    "after",
    "\nExit code: 0 if all are the same, 1 if something differs or nothing could be compared.",
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_BAD_USAGE))
  .parse();
const values = program.opts<{ readonly json: boolean }>();
const [before = "", after = ""] = program.args.map((path) => resolve(path));
for (const checkout of [before, after]) {
  if (existsSync(join(checkout, "agent/main.ts")) && existsSync(join(checkout, "node_modules"))) continue;
  console.error(`${checkout}: expected a checkout of the project with node_modules`);
  process.exit(EXIT_BAD_USAGE);
}

const folder = mkdtempSync(join(tmpdir(), "sabrewing-compare-"));
const counts = { same: 0, different: 0, missing: 0 };
try {
  const weights = findModel("yolov5n.pt");
  for (const { name, options } of VARIANTS)
    await compare(`module yolov5n ${SIZE} ${name}`, { "yolov5n.pt": weights }, (checkout, side) =>
      compileIn(checkout, weights, side, ["--size", SIZE, ...options]),
    );
  const mobilenet = findModel("mobilenet/centernet.json");
  await compare("module mobilenet", { mobilenet }, (checkout, side) =>
    compileIn(checkout, mobilenet, side, []),
  );
  const module = join(folder, "events.wasm");
  if (weights !== undefined)
    await runCheckout(before, ["compile", weights, "-o", module, "--size", SIZE, "--precision", "i16"]);
  for (const name of CLIPS) {
    const clip = findMedia(name);
    await compare(`events ${name}`, { "yolov5n.pt": weights, [name]: clip }, async (checkout) =>
      runCheckout(checkout, ["replay", clip ?? "", "--model", module, "--track", "person,car", "--json"]),
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
if (!values.json)
  console.log(`${counts.same} same, ${counts.different} different, ${counts.missing} not compared`);
process.exitCode = counts.different > 0 || counts.same === 0 ? 1 : 0;

/** Compares what both checkouts print, unless a material is missing, and prints the outcome. */
async function compare(
  what: string,
  materials: Readonly<Record<string, string | undefined>>,
  output: (checkout: string, side: string) => Promise<string>,
): Promise<void> {
  const missing = Object.entries(materials).flatMap(([name, path]) => (path === undefined ? [name] : []));
  if (missing.length > 0) return report(what, { missing: missing.join(", ") });
  try {
    const outputs = [await output(before, "before"), await output(after, "after")] as const;
    report(what, compareLines(...outputs));
  } catch (error) {
    report(what, { failed: error instanceof Error ? error.message : String(error) });
  }
}

/** @returns the module's bytes and SHA-256 */
async function compileIn(
  checkout: string,
  model: string | undefined,
  side: string,
  options: readonly string[],
): Promise<string> {
  const module = join(folder, `${side}.wasm`);
  const output = await runCheckout(checkout, ["compile", model ?? "", "-o", module, ...options, "--json"]);
  const { bytes, sha256 } = JSON.parse(output) as { bytes: number; sha256: string };
  return `${bytes} bytes, SHA-256 ${sha256}`;
}

function report(what: string, outcome: Outcome): void {
  counts["same" in outcome ? "same" : "missing" in outcome ? "missing" : "different"]++;
  if (values.json) console.log(JSON.stringify({ what, ...outcome }));
  else if ("same" in outcome) console.log(`✓ ${what}: same (${outcome.same})`);
  else if ("missing" in outcome) console.log(`- ${what}: not compared, ${outcome.missing} is missing`);
  else if ("failed" in outcome) console.log(`✗ ${what}: ${outcome.failed}`);
  else
    console.log(
      `✗ ${what}: differs from line ${outcome.line}\n    before: ${outcome.before}\n    after:  ${outcome.after}`,
    );
}
