import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ModelError } from "../errors.ts";
import { packageFolder } from "../package-folder.ts";
import { describeSource, type KnownModel } from "./known-model.ts";

/** Where to look for a model's weights. */
export interface ModelPlaces {
  /** $SABREWING_HOME is read from it; what fetches a model sees it too (PATH, HTTPS_PROXY, npm's settings). */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A file the user names: if given, no other place is looked at. The model's other files lie beside it. */
  readonly explicitPath?: string;
  /** A folder with `models/`; `../shared` beside the project when not given. */
  readonly sharedFolder?: string;
}

/** Where weights and compiled modules are kept: $SABREWING_HOME, else ~/.cache/sabrewing. */
export function sabrewingHome(env: Readonly<Record<string, string | undefined>>): string {
  return env.SABREWING_HOME || join(homedir(), ".cache", "sabrewing");
}

/**
 * Looks for the weights of a known model: the explicit path, $SABREWING_HOME and its models/, then `../shared/models`.
 * A file of that name with other contents is passed over.
 * @returns path of the file to compile, or undefined where the model is whole in none of them
 * @throws ModelError when the explicit path is missing or is not that model.
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
        `${at}: there is no such file`,
        `Give the path of ${basename(main.path)}${others.length > 0 ? " with the model's other files beside it" : ""}, or leave it out.`,
      );
    }
    throw new ModelError(
      `${at} is not of ${model.name}: expected SHA-256 ${file.sha256}, received ${sha256}`,
      `Get ${describeSource(model.source)}, or compile your own model with \`sabrewing compile\`.`,
    );
  }
}

/** SHA-256 of a file, hex; undefined where there is no such file. */
export async function sha256OfFile(path: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) {
      return undefined;
    }
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
