import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { CONFFILES, type Entry, maintainerScripts, packageContents, type Sources } from "./contents.ts";
import { controlFile } from "./control.ts";
import type { Machine } from "./machine.ts";
import { runTool } from "./run-tool.ts";

/** Which package to make, and how. */
export interface PackageOrder {
  readonly version: string;
  readonly machine: Machine;
  readonly sources: Sources;
  /** Folder to write to; it is there. */
  readonly output: string;
  /** Seconds since 1970: nothing in the package is newer (https://reproducible-builds.org/specs/source-date-epoch). */
  readonly sourceDateEpoch: number;
  /** Of dpkg-deb. Default: xz, the smallest. */
  readonly compression?: "xz" | "none";
}

/** A package that was made. */
export interface BuiltPackage {
  readonly file: string;
  readonly bytes: number;
  readonly installedKib: number;
}

/** The name of a package's file, as Debian has it. */
export function packageFile(version: string, { debian }: Pick<Machine, "debian">): string {
  return `sabrewing_${version}_${debian}.deb`;
}

/**
 * Makes a Debian package. The same sources and the same date give the same bytes.
 * @throws Error when a source is missing or dpkg-deb refuses
 */
export function buildPackage(order: PackageOrder): BuiltPackage {
  const { version, machine, sources, output, compression = "xz" } = order;
  const tree = mkdtempSync(join(tmpdir(), "sabrewing-package-"));
  try {
    const contents = packageContents(sources);
    for (const entry of contents) lay(entry, tree);
    const files = filesIn(tree);
    const sizes = files.map((file) => statSync(file).size);
    const installedKib = sizes.reduce((sum, bytes) => sum + Math.ceil(bytes / 1024), 0);
    const sums = files.map((file) => `${md5(file)}  ${relative(tree, file)}\n`);

    const scripts = maintainerScripts(sources.root);
    for (const script of scripts) lay(script, tree);
    const describe = (name: string, text: string) => writeFileSync(join(tree, "DEBIAN", name), text);
    describe("control", controlFile({ version, machine, installedKib }));
    describe("conffiles", CONFFILES.map((path) => `${path}\n`).join(""));
    describe("md5sums", sums.join(""));

    evenOut(tree, [...contents, ...scripts]);
    const file = join(output, packageFile(version, machine));
    // What several threads compress depends on how many they are: one has to do.
    const env = { SOURCE_DATE_EPOCH: String(order.sourceDateEpoch), DPKG_DEB_THREADS_MAX: "1" };
    runTool("dpkg-deb", ["--root-owner-group", `-Z${compression}`, "--build", tree, file], { env });
    return { file, bytes: statSync(file).size, installedKib };
  } finally {
    rmSync(tree, { recursive: true });
  }
}

/** Copies a file or folder to where the package has it. */
function lay({ from, to, leaveOut }: Entry, tree: string): void {
  const target = join(tree, to);
  mkdirSync(dirname(target), { recursive: true });
  cpSync(from, target, {
    recursive: true,
    // npm links to our stand-ins for packages: in the package the links would lead nowhere.
    dereference: true,
    filter: (path) => path === from || !leaveOut?.(relative(from, path)),
  });
}

/** Permissions as Debian has them, whatever they are where the package is made. */
function evenOut(tree: string, entries: readonly Entry[]): void {
  for (const file of filesIn(tree)) chmodSync(file, 0o644);
  for (const { to } of entries.filter(({ executable }) => executable)) chmodSync(join(tree, to), 0o755);
  for (const { parentPath } of readdirSync(tree, { recursive: true, withFileTypes: true }))
    chmodSync(parentPath, 0o755);
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}

function md5(file: string): string {
  return createHash("md5").update(readFileSync(file)).digest("hex");
}
