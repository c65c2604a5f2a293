/** Builds the Debian packages. Each holds everything the agent needs. Started by scripts/package. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { findKnown, obtainVisibly } from "../agent/commands/pull/obtain-model.ts";
import { buildPackage } from "./packaging/build-package.ts";
import { MACHINES } from "./packaging/machine.ts";
import { installProductionModules } from "./packaging/production-modules.ts";
import { runTool } from "./packaging/run-tool.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

interface PackageOptions {
  readonly architecture?: string;
  readonly output: string;
  readonly node: string;
  readonly json: boolean;
}

const program = new Command("scripts/package")
  .description("Builds the Debian packages of the agent.")
  .addOption(
    new Option("-a, --architecture <name>", "build only this package").choices(
      MACHINES.map(({ debian }) => debian),
    ),
  )
  .option("-o, --output <folder>", "folder for the packages", join(ROOT, "out/packages"))
  .option("--json", "print one line of JSON per package: {file, bytes, installedKib}", false)
  .addOption(new Option("--node <prefix>", "Node of each machine: <prefix>-x64, <prefix>-arm64").hideHelp())
  .parse();
await makePackages(program.opts<PackageOptions>());

async function makePackages({ architecture, output, node, json }: PackageOptions): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), "sabrewing-packages-"));
  const say = (line: string) => console.error(`package: ${line}`);
  try {
    const folder = resolve(output);
    mkdirSync(folder, { recursive: true });
    say("building the program …");
    const dist = join(work, "dist");
    runTool(join(ROOT, "scripts/build"), [dist]);
    const models = await bundledModels(join(work, "models"));
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
    for (const machine of MACHINES.filter(({ debian }) => debian === (architecture ?? debian))) {
      say(`${machine.debian}: npm packages …`);
      const nodeModules = installProductionModules(ROOT, join(work, machine.npm), machine);
      say(`${machine.debian}: compressing …`);
      const sources = { root: ROOT, dist, node: `${node}-${machine.npm}`, nodeModules, models };
      const made = buildPackage({ version, machine, sources, output: folder, sourceDateEpoch: date() });
      console.log(json ? JSON.stringify(made) : describe(made));
    }
  } finally {
    rmSync(work, { recursive: true });
  }
}

/**
 * Compiles the detector of the package: MobileNet, because its licence (MIT) requires only that its text is included.
 * Users get YOLOv5n under the AGPL from its publisher, by `sabrewing pull`.
 * @returns the folder with the module and its licence
 */
async function bundledModels(folder: string): Promise<string> {
  const known = findKnown("mobilenet");
  const weights = await obtainVisibly(known, { env: process.env }, process.stderr);
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(dirname(weights), "LICENSE"), join(folder, "LICENSE"));
  const out = join(folder, `mobilenet-${known.input.width}x${known.input.height}.wasm`);
  // The package's engine has a fused multiply-add.
  const args = ["compile", weights, "-o", out, "--name", known.name, "--licence", known.licence.id];
  runTool(process.execPath, [join(ROOT, "agent/main.ts"), ...args, "--target", "relaxed"]);
  return folder;
}

/** SOURCE_DATE_EPOCH, else the date of the last commit. */
function date(): number {
  const { SOURCE_DATE_EPOCH } = process.env;
  if (SOURCE_DATE_EPOCH !== undefined) return Number(SOURCE_DATE_EPOCH);
  return Number(runTool("git", ["log", "-1", "--format=%ct"], { cwd: ROOT }));
}

function describe({ file, bytes, installedKib }: ReturnType<typeof buildPackage>): string {
  return `${file}: ${(bytes / 1e6).toFixed(1)} MB, installed ${((installedKib * 1024) / 1e6).toFixed(0)} MB`;
}
