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

/** The package to build. */
export interface PackageOrder {
  readonly version: string;
  readonly machine: Machine;
  readonly sources: Sources;
  /** An existing folder for the package. */
  readonly output: string;
  /** Unix time: no file of the package is newer (https://reproducible-builds.org/specs/source-date-epoch). */
  readonly sourceDateEpoch: number;
  /** dpkg-deb's compression. Default: xz, the smallest. */
  readonly compression?: "xz" | "none";
}

/** A package that was built. */
export interface BuiltPackage {
  readonly file: string;
  readonly bytes: number;
  readonly installedKib: number;
}

/** File name of a package, by Debian's convention. */
export function packageFile(version: string, { debian }: Pick<Machine, "debian">): string {
  return `sabrewing_${version}_${debian}.deb`;
}

/**
 * Builds a Debian package. The same sources and date give the same bytes.
 * @throws Error when a source is missing or dpkg-deb fails
 */
export function buildPackage(order: PackageOrder): BuiltPackage {
  const { version, machine, sources, output, compression = "xz" } = order;
  const tree = mkdtempSync(join(tmpdir(), "sabrewing-package-"));
  try {
    const contents = packageContents(sources);
    for (const entry of contents) copyEntry(entry, tree);
    const files = filesIn(tree);
    const sizes = files.map((file) => statSync(file).size);
    const installedKib = sizes.reduce((sum, bytes) => sum + Math.ceil(bytes / 1024), 0);
    const sums = files.map((file) => `${md5(file)}  ${relative(tree, file)}\n`);

    const scripts = maintainerScripts(sources.root);
    for (const script of scripts) copyEntry(script, tree);
    const describe = (name: string, text: string) => writeFileSync(join(tree, "DEBIAN", name), text);
    describe("control", controlFile({ version, machine, installedKib }));
    describe("conffiles", CONFFILES.map((path) => `${path}\n`).join(""));
    describe("md5sums", sums.join(""));

    setPermissions(tree, [...contents, ...scripts]);
    const file = join(output, packageFile(version, machine));
    // The result of several threads depends on their number: use one.
    const env = { SOURCE_DATE_EPOCH: String(order.sourceDateEpoch), DPKG_DEB_THREADS_MAX: "1" };
    runTool("dpkg-deb", ["--root-owner-group", `-Z${compression}`, "--build", tree, file], { env });
    return { file, bytes: statSync(file).size, installedKib };
  } finally {
    rmSync(tree, { recursive: true });
  }
}

/** Copies a file or folder to its place in the package. */
function copyEntry({ from, to, leaveOut }: Entry, tree: string): void {
  const target = join(tree, to);
  mkdirSync(dirname(target), { recursive: true });
  cpSync(from, target, {
    recursive: true,
    // npm links to our stub packages; the links would dangle in the package.
    dereference: true,
    filter: (path) => path === from || !leaveOut?.(relative(from, path)),
  });
}

/** Sets the permissions of Debian's policy, independent of the building machine's umask. */
function setPermissions(tree: string, entries: readonly Entry[]): void {
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
