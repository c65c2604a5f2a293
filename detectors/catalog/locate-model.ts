import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { errorCode } from "../error-code.ts";
import { ModelError } from "../errors.ts";
import { packageFolder } from "../package-folder.ts";
import { describeSource, type KnownModel } from "./known-model.ts";

/** Where to search for a model's weights. */
export interface ModelPlaces {
  /** $SABREWING_HOME is read from here. Downloads use it too (PATH, HTTPS_PROXY, npm's settings). */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A file that the user names. If given, no other place is searched. The model's other files are beside it. */
  readonly explicitPath?: string;
  /** A folder with `models/`. Default: `../shared` beside the project. */
  readonly sharedFolder?: string;
}

/** The folder for weights and compiled modules: $SABREWING_HOME, else ~/.cache/sabrewing. */
export function sabrewingHome(env: Readonly<Record<string, string | undefined>>): string {
  return env.SABREWING_HOME || join(homedir(), ".cache", "sabrewing");
}

/**
 * Searches for the weights of a known model: the explicit path, or $SABREWING_HOME, its models/ and `../shared/models`.
 * A file of the same name with other contents is skipped.
 * @returns path of the file to compile, or undefined when no folder has the complete model
 * @throws ModelError when the explicit path does not exist or is not this model.
 */
export async function locateModel(model: KnownModel, places: ModelPlaces): Promise<string | undefined> {
  if (places.explicitPath !== undefined) {
    await checkExplicitPath(model, places.explicitPath);
    return places.explicitPath;
  }
  const home = sabrewingHome(places.env);
  const shared = places.sharedFolder ?? join(packageFolder(), "..", "shared");
  for (const folder of [home, join(home, "models"), join(shared, "models")]) {
    if (await holdsModel(folder, model)) return join(folder, model.files[0].path);
  }
  return undefined;
}

async function holdsModel(folder: string, model: KnownModel): Promise<boolean> {
  for (const file of model.files) {
    if ((await sha256OfFile(join(folder, file.path))) !== file.sha256) return false;
  }
  return true;
}

async function checkExplicitPath(model: KnownModel, path: string): Promise<void> {
  const [main, ...others] = model.files;
  const beside = others.map((file) => ({ file, at: join(dirname(path), basename(file.path)) }));
  for (const { file, at } of [{ file: main, at: path }, ...beside]) {
    const sha256 = await sha256OfFile(at);
    if (sha256 === file.sha256) continue;
    if (sha256 === undefined) {
      throw new ModelError(
        `${at}: no such file`,
        `Give the path of ${basename(main.path)}${others.length > 0 ? " with the model's other files beside it" : ""}, or leave it out.`,
      );
    }
    throw new ModelError(
      `${at} is not a file of ${model.name}: expected SHA-256 ${file.sha256}, received ${sha256}`,
      `Get ${describeSource(model.source)}, or compile your own model with \`sabrewing compile\`.`,
    );
  }
}

/** SHA-256 of a file, hex; undefined when the file does not exist. */
export async function sha256OfFile(path: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new ModelError(
      `${path} cannot be read: ${error instanceof Error ? error.message : error}`,
      "Check its permissions.",
      {
        cause: error,
      },
    );
  }
  return hash.digest("hex");
}
